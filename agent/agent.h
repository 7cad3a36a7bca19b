// An agent: gathers and sends a report each interval until it is told to stop.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "agent/config.h"
#include "agent/probing/mesh_prober.h"
#include "agent/reporting/answer_prober.h"
#include "agent/reporting/gatherer.h"
#include "agent/reporting/lag_meter.h"
#include "agent/reporting/report_round.h"
#include "agent/reporting/reporter.h"
#include "agent/reporting/schedule.h"
#include "agent/server_access.h"
#include "agent/sla/sla.h"
#include "lib/http/client.h"
#include "lib/uv/signal.h"
#include "lib/uv/timer.h"

namespace meshcheck::agent {

// Runs on the loop's one thread. SIGTERM and SIGINT end it: a report that is on its way, and then
// one that says goodbye, get kGraceMax to arrive; everything else is dropped at once.
class Agent {
 public:
  static constexpr std::chrono::milliseconds kGraceMax{1500};
  // How often the loop's lag is measured.
  static constexpr std::chrono::milliseconds kLagPeriod{250};

  Agent(uv::Loop& loop, Config config);

  // Runs until it is stopped; with -once and -dump, until that is done. Returns the exit code.
  int run();

 private:
  bool start_sla();
  void wake();
  void arm();
  void hurry();
  void gathered(mesh::Report report);
  void send(bool retry);
  void sent(const Reporter::Delivery& delivery);
  void send_without_padding(const Reporter::Delivery& stalled);
  void accepted(const Reporter::Delivery& delivery);
  void tell_of_padding(Padding::Change change);
  ReportRound::LargeAnswers large_answers() const;
  void ask_for_large_answer();
  void take_assignment(const std::string& answer);
  void failed(const Error& error);
  void dump();
  void stop_gracefully();
  void say_goodbye();
  void stop(int exit_code);

  uv::Loop& loop_;
  Config config_;
  http::Client client_;
  ServerAccess server_access_;
  Gatherer gatherer_;
  Reporter reporter_;
  AnswerProber answer_prober_;
  ReportRound round_;
  Schedule schedule_;
  LagMeter lag_meter_;
  Clock::time_point started_;
  std::chrono::seconds interval_by_flag_{0};
  std::optional<MeshProber> mesh_;
  std::unique_ptr<Sla> sla_;      // None: there are no checks.
  std::string assignment_error_;  // The last one that was logged.
  bool stopping_ = false;
  std::uint64_t failures_in_a_row_ = 0;
  int exit_code_ = 0;
  uv::Timer wake_timer_;
  uv::Timer lag_timer_;
  uv::Timer grace_timer_;
  uv::Signal on_terminate_;
  uv::Signal on_interrupt_;
};

}  // namespace meshcheck::agent

// One round's report: its text, its padding and its attempts.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "agent/config.h"
#include "agent/reporting/padding.h"
#include "agent/reporting/reporter.h"
#include "lib/base/time.h"
#include "mesh/report/report.h"

namespace meshcheck::agent {

// Pure: the caller hands in the gathered report and each attempt's outcome, and gets what to send.
// A report goes with its padding until that stalls; from then on the round's report has none and
// goes in small packets, which tells a loss of large packets from an outage. One report at a time:
// the next round's takes its place. `config` outlives it.
class ReportRound {
 public:
  // AnswerProber's findings, which are part of the report.
  struct LargeAnswers {
    mesh::ReportPadding described;
    bool clear = true;
  };
  struct Attempt {
    Clock::time_point now;
    Clock::time_point round_end;
    bool retry = false;
    bool last = false;  // The agent ends: in small packets, and not another time without padding.
  };

  explicit ReportRound(const Config& config) : config_(config) {}

  void begin(mesh::Report report, const LargeAnswers& answers, Clock::time_point now);
  // The last report once more, without padding: the agent ends. REQUIRES: can_say_goodbye().
  void say_goodbye(const LargeAnswers& answers, Now now);
  // There is a report, and it is not a goodbye yet.
  bool can_say_goodbye() const { return report_ && !report_->mesh.probing.stopping; }

  // JSON of the report as it stands.
  const std::string& body() const { return body_; }
  // Returns what to send now. An attempt ends before the next round begins, if that leaves it a
  // second; a large one gets a third of the time.
  Reporter::Submission attempt(const Attempt& attempt);

  // Whether the attempt failed, perhaps for its size, and the report is to go again without
  // padding.
  bool should_drop_padding(const Reporter::Delivery& delivery, bool last) const;
  void drop_padding(PaddingStage stalled_at, const LargeAnswers& answers, Clock::time_point now);
  // The server has the report.
  Padding::Change accepted() { return padding_.accepted(); }
  // Keeps the figures of a connection with full-size segments, for the next report and for a sweep.
  void note_connection(const http::TcpInfo& tcp);
  // The server does not have the report, which stays for a retry.
  void failed(const LargeAnswers& answers, Clock::time_point now);

  mesh::ReportPadding padding(Clock::time_point now) const { return padding_.describe(now); }
  // In this round reports go without padding.
  bool small() const { return padding_.small(); }

 private:
  bool may_stall_for_size(bool last) const;
  void write(std::size_t padding_elements, const LargeAnswers& answers, Clock::time_point now);

  const Config& config_;
  Padding padding_;
  std::optional<mesh::Report> report_;
  std::string body_;
  Clock::time_point sent_at_;           // The last attempt.
  std::optional<mesh::ReportTcp> tcp_;  // Of the last connection without a bound of its own.
  std::size_t request_overhead_ = 0;    // Bytes that HTTP added to the last body.
  std::size_t sweep_turn_ = 0;
};

}  // namespace meshcheck::agent

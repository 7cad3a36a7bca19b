// Looks at everything twice a second, and tells what is broken.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/log.h"
#include "mesh/verdict/verdict_book.h"
#include "mesh/verdict/view_maker.h"
#include "server/state.h"

namespace meshcheck::server {

// Makes of who is expected in the table the members of the next view.
void set_members(const AgentTable& table, Now now, verdict::ViewMaker& maker);

// Takes from the state's tables what it needs, one lock after the other, diagnoses it without a
// lock, and puts verdicts and events into the state. One thread; it is told the time.
class VerdictEvaluator {
 public:
  static constexpr std::chrono::milliseconds kPeriod{500};

  // `on_events` is called when there are new events.
  VerdictEvaluator(State& state, verdict::ViewMaker::Options options, Log log,
                   std::function<void()> on_events);

  void evaluate(Now now);

 private:
  using Missing = std::map<std::string, std::string_view>;  // "absent" or "outdated", by agent.

  void publish(const std::vector<verdict::VerdictEvent>& events,
               const VerdictBoard::Evaluation& evaluation, Now now);
  void log_event(verdict::VerdictEvent::Type type, const VerdictRecord& record) const;
  // Who became absent or outdated, and who is back. True if there is any news.
  bool tell_missing(Missing missing, Now now);

  State& state_;
  const Log log_;
  const std::function<void()> on_events_;
  verdict::ViewMaker view_maker_;
  verdict::VerdictBook book_;
  Missing missing_;
};

}  // namespace meshcheck::server

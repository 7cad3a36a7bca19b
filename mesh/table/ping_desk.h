// The pings that people asked for, and their results.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"
#include "mesh/assignment/ping_order.h"
#include "mesh/report/probing_report.h"

namespace meshcheck::mesh {

// An order goes out with each answer to its agent's reports until a report has the result, so that
// an answer that is lost costs one report. Reads no clock and has no lock: its owner guards it.
class PingDesk {
 public:
  static constexpr std::size_t kPingsMax = 64;         // Under way or ended, of all agents.
  static constexpr std::chrono::minutes kKept{5};      // After the deadline; then it is forgotten.
  static constexpr std::chrono::seconds kPatience{2};  // For a report on its way.

  // kOrdered: its agent has not reported a result yet. kLate: and does so no more, it seems.
  enum class State : std::uint8_t { kOrdered, kDone, kLate };

  struct Ping {
    PingOrder order;
    std::string from;  // The agent's name.
    std::string from_node;
    std::string to_node;
    Layer layer = Layer::kPod;
    Clock::time_point asked;
    Clock::time_point deadline;
    std::optional<PingResult> result;

    State state(Clock::time_point now) const {
      if (result) return State::kDone;
      return now < deadline ? State::kOrdered : State::kLate;
    }
  };

  // By when an agent that reports each `report_interval` has told the result: it hears of the order
  // with its next report but one at the latest.
  static Clock::time_point deadline_of(const PingOrder& order, Clock::duration report_interval,
                                       Clock::time_point now) {
    return now + 2 * report_interval + duration_of(order) + kPatience;
  }

  // An ended one makes room. False: kPingsMax are under way, or kPingsOfAgentMax of this agent.
  [[nodiscard]] bool ask(Ping ping, Clock::time_point now);
  // What `agent` is told with the answer to its report.
  std::vector<PingOrder> orders_of(std::string_view agent, Clock::time_point now) const;
  // A report of `agent` came. Results of unknown orders, and of other agents' orders, are ignored.
  void take(std::string_view agent, const std::vector<PingResult>& results);
  const Ping* find(std::uint64_t id) const;                  // Null: it is not known, or forgotten.
  const std::vector<Ping>& pings() const { return pings_; }  // Oldest first.

 private:
  std::vector<Ping> pings_;
};
std::string_view text(PingDesk::State state);  // "ordered", "done", "late"

}  // namespace meshcheck::mesh

#include "mesh/table/ping_desk.h"

#include <algorithm>
#include <array>
#include <utility>

namespace meshcheck::mesh {

bool PingDesk::ask(Ping ping, Clock::time_point now) {
  std::erase_if(pings_, [now](const Ping& held) { return now > held.deadline + kKept; });
  const auto under_way = [now](const Ping& held) { return held.state(now) == State::kOrdered; };
  const auto of_agent = std::count_if(pings_.begin(), pings_.end(), [&](const Ping& held) {
    return under_way(held) && held.from == ping.from;
  });
  if (static_cast<std::size_t>(of_agent) >= kPingsOfAgentMax) return false;
  if (pings_.size() >= kPingsMax) {
    const auto oldest = std::find_if_not(pings_.begin(), pings_.end(), under_way);
    if (oldest == pings_.end()) return false;
    pings_.erase(oldest);
  }
  pings_.push_back(std::move(ping));
  return true;
}

std::vector<PingOrder> PingDesk::orders_of(std::string_view agent, Clock::time_point now) const {
  std::vector<PingOrder> orders;
  for (const Ping& held : pings_) {
    if (held.from == agent && held.state(now) == State::kOrdered) orders.push_back(held.order);
  }
  return orders;
}

void PingDesk::take(std::string_view agent, const std::vector<PingResult>& results) {
  for (const PingResult& result : results) {
    for (Ping& held : pings_) {
      if (held.from == agent && held.order.id == result.id) held.result = result;
    }
  }
}

const PingDesk::Ping* PingDesk::find(std::uint64_t id) const {
  const auto found = std::find_if(pings_.begin(), pings_.end(),
                                  [id](const Ping& held) { return held.order.id == id; });
  return found == pings_.end() ? nullptr : &*found;
}

std::string_view text(PingDesk::State state) {
  constexpr std::array<std::string_view, 3> kTexts = {"ordered", "done", "late"};
  return kTexts[static_cast<std::size_t>(state)];
}

}  // namespace meshcheck::mesh

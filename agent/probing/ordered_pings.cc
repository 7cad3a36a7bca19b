#include "agent/probing/ordered_pings.h"

#include <algorithm>
#include <utility>

namespace meshcheck::agent {

OrderedPings::OrderedPings(uv::Loop& loop, Log log, std::uint16_t ssid,
                           std::function<void()> on_done)
    : loop_(loop), log_(log), ssid_(ssid), on_done_(std::move(on_done)) {}

bool OrderedPings::knows(std::uint64_t id) const {
  return std::find(done_.begin(), done_.end(), id) != done_.end() ||
         std::any_of(pings_.begin(), pings_.end(),
                     [id](const Ping& ping) { return ping.order.id == id; });
}

std::uint16_t OrderedPings::next_ssid() {
  const std::uint16_t ssid = ssid_++;
  if (ssid_ == 0) ssid_ = 1;
  return ssid;
}

void OrderedPings::take(const std::vector<mesh::PingOrder>& orders, const MayProbe& may_probe,
                        const MakeKey& key) {
  for (const mesh::PingOrder& order : orders) {
    if (knows(order.id) || pings_.size() >= mesh::kPingsOfAgentMax) continue;
    log_.info("pings, as the server asks", {{"to", order.to},
                                            {"address", order.endpoint.text()},
                                            {"bytes", order.size},
                                            {"probes", order.count}});
    Ping& ping = pings_.emplace_back();
    ping.order = order;
    if (!may_probe(order.endpoint)) {
      ping.refusal = "not probed: the address is this agent's, or no host's";
      on_done_();
      continue;
    }
    ping.run =
        std::make_unique<probe::PingRun>(loop_,
                                         probe::PingRun::Options{.to = order.endpoint,
                                                                 .size = order.size,
                                                                 .count = order.count,
                                                                 .interval = mesh::kPingInterval,
                                                                 .timeout = mesh::kPingTimeout,
                                                                 .ssid = next_ssid()},
                                         key(), on_done_);
  }
}

std::vector<mesh::PingResult> OrderedPings::results() {
  std::vector<mesh::PingResult> results;
  for (Ping& ping : pings_) {
    if (ping.run && !ping.run->done()) continue;
    mesh::PingResult result = ping.run ? ping.run->result() : mesh::PingResult();
    result.id = ping.order.id;
    if (!ping.run) result.error = ping.refusal;
    ping.told = true;
    results.push_back(std::move(result));
  }
  return results;
}

void OrderedPings::report_arrived() {
  for (const Ping& ping : pings_) {
    if (!ping.told) continue;
    done_.push_back(ping.order.id);
    if (done_.size() > kDoneMax) done_.pop_front();
  }
  pings_.remove_if([](const Ping& ping) { return ping.told; });
}

}  // namespace meshcheck::agent

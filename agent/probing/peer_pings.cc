#include "agent/probing/peer_pings.h"

#include <cerrno>
#include <utility>

namespace meshcheck::agent {
namespace {

// That is about this machine, and not about the peer.
bool is_own(int error_number) {
  return error_number == EAGAIN || error_number == ENOBUFS || error_number == ENOMEM ||
         error_number == EPERM || error_number == EACCES;
}

}  // namespace

PeerPings::PeerPings(uv::Loop& loop, const Options& options, StateOf state_of,
                     std::function<void()> on_known)
    : options_(options),
      state_of_(std::move(state_of)),
      on_known_(std::move(on_known)),
      icmp_(loop, options.icmp,
            {.on_reply = [this](const auto& reply) { on_reply(reply); },
             .on_failure = [this](const auto& failure) { on_failure(failure); }}),
      timer_(loop, [this] { look(); }) {}

void PeerPings::set_paths(const std::vector<Target>& targets) {
  std::map<std::uint32_t, Item> kept;
  for (const Target& target : targets) {
    if (!icmp_.available(target.address.family())) continue;
    const auto known = items_.find(target.id);
    const bool same = known != items_.end() && known->second.address == target.address;
    kept.emplace(target.id, same ? known->second : Item{.address = target.address});
  }
  items_ = std::move(kept);
  if (items_.empty()) {
    timer_.stop();
    sweeps_ = {};
  } else {
    timer_.start_repeating(probe::SweepClock::kPeriod);
  }
}

mesh::CrossCheck PeerPings::result(std::uint32_t id) const {
  const auto found = items_.find(id);
  const bool down = found != items_.end() && state_of_(id) == mesh::PathState::kDown;
  return down ? found->second.result : mesh::CrossCheck::kNone;
}

void PeerPings::look() {
  const bool drained = icmp_.drain();
  const auto now = Clock::now();
  const bool late = sweeps_.is_late(now, options_.timeout) || icmp_.count_drops() > 0;
  bool known = false;
  for (auto& [id, item] : items_) {
    if (state_of_(id) != mesh::PathState::kDown) {
      item = {.address = item.address};
    } else if (late) {
      item.asked = now;  // Who did not listen cannot call it unanswered.
    } else if (drained) {
      known = judge(item, now) || known;
    }
  }
  if (known && on_known_) on_known_();
  ask(now);
}

// Whether its time is up just now.
bool PeerPings::judge(Item& item, Clock::time_point now) const {
  const bool waits = item.sequence != 0 && !item.refused && item.result == mesh::CrossCheck::kNone;
  if (!waits || now - item.asked < options_.timeout) return false;
  item.result = mesh::CrossCheck::kUnanswered;
  return true;
}

// In turn, since not all may be asked in one period.
void PeerPings::ask(Clock::time_point now) {
  if (now - period_ >= kPingsPeriod) {
    period_ = now;
    pings_ = 0;
  }
  auto turn = items_.lower_bound(next_);
  for (std::size_t i = 0; i < items_.size() && pings_ < kPingsMax; ++i) {
    if (turn == items_.end()) turn = items_.begin();
    auto& [id, item] = *turn++;
    if (item.sequence != 0 || state_of_(id) != mesh::PathState::kDown) continue;
    ++pings_;
    item.sequence = next_sequence_++;
    item.asked = now;
    icmp_.send({.id = id, .sequence = item.sequence, .to = {.address = item.address}});
  }
  next_ = turn == items_.end() ? 0 : turn->first;
  icmp_.flush();
}

void PeerPings::on_reply(const probe::IcmpProber::Reply& reply) {
  const auto found = items_.find(reply.id);
  if (found == items_.end()) return;
  Item& item = found->second;
  if (item.sequence != reply.sequence || item.address != reply.from) return;
  const auto before = std::exchange(item.result, mesh::CrossCheck::kAnswered);
  if (before != item.result && on_known_) on_known_();
}

void PeerPings::on_failure(const probe::IcmpProber::Failure& failure) {
  const auto found = items_.find(failure.id);
  if (found == items_.end() || found->second.sequence != failure.sequence) return;
  Item& item = found->second;
  if (item.result == mesh::CrossCheck::kAnswered) return;
  if (is_own(failure.error_number)) {
    item.refused = true;
  } else if (std::exchange(item.result, mesh::CrossCheck::kUnanswered) == mesh::CrossCheck::kNone) {
    if (on_known_) on_known_();
  }
}

}  // namespace meshcheck::agent

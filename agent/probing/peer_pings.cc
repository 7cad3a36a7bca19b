#include "agent/probing/peer_pings.h"

#include <cerrno>
#include <utility>

#include "lib/base/own_fault.h"

namespace meshcheck::agent {
namespace {

// That is about this machine, and not about the peer. A filter of this machine's own that refuses
// an echo may let probes pass.
bool is_own(int error_number) {
  return own_fault(error_number) != OwnFault::kNone || error_number == EPERM ||
         error_number == EACCES;
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
  bool changed = false;
  for (auto& [id, item] : items_) {
    if (state_of_(id) != mesh::PathState::kDown) {
      item = {.address = item.address};
    } else if (late && item.waits) {
      item.asked = now;  // Who did not listen cannot call it unanswered.
    } else if (drained && item.waits && now - item.asked >= options_.timeout) {
      changed = miss(item) || changed;
    }
  }
  if (changed && on_known_) on_known_();
  ask(now);
}

// Whether an echo is to be sent to who got one before.
bool PeerPings::is_due(const Item& item, Clock::time_point now) const {
  const bool soon = item.refused || (item.misses > 0 && item.misses < kMissesMin);
  return !item.waits && now - item.asked >= (soon ? kPingsPeriod : options_.interval);
}

// Who was not asked yet comes first.
void PeerPings::ask(Clock::time_point now) {
  if (now - period_ >= kPingsPeriod) {
    period_ = now;
    pings_ = 0;
  }
  ask_those(false, now);
  ask_those(true, now);
  icmp_.flush();
}

// In turn, since not all may be asked in one period.
void PeerPings::ask_those(bool again, Clock::time_point now) {
  auto turn = items_.lower_bound(next_);
  for (std::size_t i = 0; i < items_.size() && pings_ < kPingsMax; ++i) {
    if (turn == items_.end()) turn = items_.begin();
    auto& [id, item] = *turn++;
    const bool wanted = again ? item.sequence != 0 && is_due(item, now) : item.sequence == 0;
    if (!wanted || state_of_(id) != mesh::PathState::kDown) continue;
    ++pings_;
    item.sequence = next_sequence_++;
    item.asked = now;
    item.waits = true;
    item.refused = false;
    icmp_.send({.id = id, .sequence = item.sequence, .to = {.address = item.address}});
  }
  next_ = turn == items_.end() ? 0 : turn->first;
}

// Whether that changes the result.
bool PeerPings::miss(Item& item) {
  item.waits = false;
  if (++item.misses < kMissesMin) return false;
  item.misses = kMissesMin;
  const auto before = std::exchange(item.result, mesh::CrossCheck::kUnanswered);
  return before != item.result;
}

void PeerPings::on_reply(const probe::IcmpProber::Reply& reply) {
  const auto found = items_.find(reply.id);
  if (found == items_.end()) return;
  Item& item = found->second;
  if (item.sequence != reply.sequence || item.address != reply.from) return;
  item.waits = false;
  item.misses = 0;
  const auto before = std::exchange(item.result, mesh::CrossCheck::kAnswered);
  if (before != item.result && on_known_) on_known_();
}

void PeerPings::on_failure(const probe::IcmpProber::Failure& failure) {
  const auto found = items_.find(failure.id);
  if (found == items_.end()) return;
  Item& item = found->second;
  if (item.sequence != failure.sequence || !item.waits) return;
  if (is_own(failure.error_number)) {
    item.waits = false;
    item.refused = true;
  } else if (miss(item) && on_known_) {
    on_known_();
  }
}

}  // namespace meshcheck::agent

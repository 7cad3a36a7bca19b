#include "agent/probing/icmp_fragments.h"

#include <algorithm>
#include <utility>

namespace meshcheck::agent {
namespace {

// Two fragments there and two back, where FragmentTest counts with one packet back.
constexpr double kPacketsRatio = 4.0 / 3;

bool works(const mesh::Path& path) {
  return path.state() == mesh::PathState::kUp || path.state() == mesh::PathState::kDegraded;
}

// Leans towards loss while few probes were counted.
double loss_share(const mesh::Path& path) {
  const mesh::PathTotals totals = path.totals();
  return (static_cast<double>(totals.lost) + 2) / (static_cast<double>(totals.sent) + 3);
}

std::size_t payload_size(std::uint16_t packet_size, const IpAddress& address) {
  const std::size_t ip_header = address.family() == IpAddress::Family::kIpv4 ? 20 : 40;
  return packet_size - ip_header - icmp::kHeaderSize;
}

}  // namespace

IcmpFragments::IcmpFragments(uv::Loop& loop, const Options& options, PathOf path_of)
    : options_(options),
      path_of_(std::move(path_of)),
      icmp_(loop, options.icmp,
            {.on_reply = [this](const auto& reply) { on_reply(reply); }, .on_failure = {}}),
      timer_(loop, [this] { sweep(); }) {}

void IcmpFragments::set_paths(const std::vector<Target>& targets) {
  const auto now = Clock::now();
  std::map<std::uint32_t, Item> kept;
  for (const Target& target : targets) {
    const std::uint64_t size = std::uint64_t{target.link_mtu} + options_.test.excess;
    const bool fits = size <= icmp::kPayloadSizeMax + icmp::kHeaderSize;
    if (!icmp_.available(target.address.family()) || target.link_mtu == 0 || !fits) continue;
    const auto known = items_.find(target.id);
    const bool same = known != items_.end() && known->second.address == target.address;
    Item item = same ? known->second : Item(&options_.test);
    item.address = target.address;
    item.test.set_link_mtu(target.link_mtu, now);
    kept.emplace(target.id, item);
  }
  items_ = std::move(kept);
  if (items_.empty()) {
    timer_.stop();
    sweeps_ = {};
  } else {
    timer_.start_repeating(probe::SweepClock::kPeriod);
  }
}

mesh::FragmentsResult IcmpFragments::result(std::uint32_t id) const {
  const auto found = items_.find(id);
  return found == items_.end() ? mesh::FragmentsResult::kUnknown : found->second.test.result();
}

// Who is late cannot judge what is under way.
void IcmpFragments::prepare(std::uint32_t id, Item& item, bool late, Clock::time_point now) {
  const mesh::Path* const path = path_of_(id);
  item.test.small_probes(path != nullptr && works(*path), now);
  if (late) item.test.void_pending(now);
}

// A few times a second; in turn, since not all may be served in one.
void IcmpFragments::sweep() {
  const bool drained = icmp_.drain();
  const auto now = Clock::now();
  const bool late = sweeps_.is_late(now, options_.test.probe_timer) || icmp_.count_drops() > 0;
  for (auto& [id, item] : items_) prepare(id, item, late, now);
  if (!drained) return;
  auto turn = items_.lower_bound(next_);
  std::size_t sent = 0;
  for (std::size_t i = 0; i < items_.size() && sent < kProbesMax; ++i) {
    if (turn == items_.end()) turn = items_.begin();
    auto& [id, item] = *turn++;
    const mesh::Path* const path = path_of_(id);
    if (path == nullptr) continue;
    const auto probe = item.test.next(std::min(1.0, kPacketsRatio * loss_share(*path)), now);
    if (!probe) continue;
    ++sent;
    icmp_.send({.id = id,
                .sequence = probe->cookie,
                .to = {.address = item.address},
                .payload_size = payload_size(probe->size, item.address)});
  }
  next_ = turn == items_.end() ? 0 : turn->first;
  icmp_.flush();
}

void IcmpFragments::on_reply(const probe::IcmpProber::Reply& reply) {
  const auto found = items_.find(reply.id);
  if (found == items_.end() || found->second.address != reply.from) return;
  found->second.test.acknowledged(static_cast<std::uint16_t>(reply.sequence), Clock::now());
}

}  // namespace meshcheck::agent

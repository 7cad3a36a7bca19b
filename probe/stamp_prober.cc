#include "probe/stamp_prober.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>

#include "lib/base/own_fault.h"

namespace meshcheck::probe {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kProbeBufferSize = 2048;
static_assert(StampProber::kProbeSizeMax + 4 <= kProbeBufferSize);
std::uint64_t make_cookie(std::uint32_t id, std::uint32_t sequence) {
  return std::uint64_t{id} << 32U | sequence;
}

}  // namespace

struct StampProber::Item {
  Target target;
  Family* family;
  mesh::StampPath path;
  bool down = false;  // As of the last sweep.
};

StampProber::StampProber(uv::Loop& loop, const Options& options, std::function<void()> on_change)
    : loop_(loop),
      options_(options),
      on_change_(std::move(on_change)),
      pace_timer_(loop, options.interval, [this](std::size_t due) { probe_due(due); }),
      sweep_timer_(loop, [this] { sweep(); }) {
  assert(options_.source_ports > 0 && options_.probe_size <= kProbeSizeMax);
  sweep_timer_.start_repeating(SweepClock::kPeriod);
}

StampProber::~StampProber() = default;

StampProber::Family& StampProber::family_of(const IpAddress& address) {
  return families_[index_of(address.family())];
}

void StampProber::open_sockets(const IpAddress& address) {
  Family& family = family_of(address);
  Endpoint any;
  any.address = *IpAddress::parse(address.family() == IpAddress::Family::kIpv4 ? "0.0.0.0" : "::");
  while (family.sockets.size() < options_.source_ports) {
    auto opened = TimestampedSocket::open(
        loop_, {.local = any, .kernel_times = options_.kernel_times},
        {.on_received = [this](const auto& received) { on_received(received); },
         .on_transmitted = [this](const auto& sent) { on_transmitted(sent); },
         .on_failure = [this](const auto& failure) { on_failure(failure); }});
    if (!opened) {
      family.error = opened.error().message();
      return;
    }
    family.sockets.push_back(*std::move(opened));
  }
}

mesh::StampPath StampProber::make_path(Clock::time_point now) const {
  return mesh::StampPath({.path = {.interval = options_.interval, .timeout = options_.timeout},
                          .ssid = options_.ssid,
                          .probe_size = options_.probe_size,
                          .error = options_.error},
                         key_.get(), now);
}

void StampProber::retire(const Item& item) {
  if (item.target.counted) retired_ += item.path.path().totals();
}

void StampProber::set_paths(const std::vector<Target>& targets) {
  std::unordered_map<std::uint32_t, const Target*> wanted;
  std::unordered_set<Endpoint, EndpointHash> endpoints;
  for (const Target& target : targets) {
    if (wanted.size() == options_.targets_max) break;
    if (wanted.count(target.id) > 0 || !endpoints.insert(target.endpoint).second) continue;
    wanted.emplace(target.id, &target);
  }
  // Who stays keeps its place in the order, and so its time in the interval.
  std::vector<std::unique_ptr<Item>> kept;
  std::size_t next = 0;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (i == next_) next = kept.size();
    const auto found = wanted.find(items_[i]->target.id);
    if (found == wanted.end() || found->second->endpoint != items_[i]->target.endpoint ||
        found->second->counted != items_[i]->target.counted) {
      retire(*items_[i]);
      continue;
    }
    kept.push_back(std::move(items_[i]));
    wanted.erase(found);
  }
  const auto now = Clock::now();
  for (const Target& target : targets) {
    const auto found = wanted.find(target.id);
    if (found == wanted.end() || found->second != &target) continue;
    open_sockets(target.endpoint.address);
    kept.push_back(std::make_unique<Item>(Item{
        .target = target, .family = &family_of(target.endpoint.address), .path = make_path(now)}));
  }
  items_ = std::move(kept);
  next_ = next;
  by_id_.clear();
  by_endpoint_.clear();
  for (const auto& item : items_) {
    by_id_.emplace(item->target.id, item.get());
    by_endpoint_.emplace(item->target.endpoint, item.get());
  }
  pace_timer_.set(items_.size(), options_.interval);
}

void StampProber::set_key(std::optional<stamp::Key> key) {
  const auto old =
      std::exchange(key_, key ? std::make_unique<stamp::Key>(*std::move(key)) : nullptr);
  for (const auto& item : items_) item->path.use_key(key_.get());
}

void StampProber::set_settings(milliseconds interval, milliseconds timeout) {
  if (interval == options_.interval && timeout == options_.timeout) return;
  options_.interval = interval;
  options_.timeout = timeout;
  const auto now = Clock::now();
  for (const auto& item : items_) {
    retire(*item);
    item->path = make_path(now);
  }
  pace_timer_.set(items_.size(), options_.interval);
}

void StampProber::probe_due(std::size_t due) {
  const mesh::StampPath::Now now{.wall = WallClock::now(), .steady = Clock::now()};
  for (std::size_t i = 0; i < due; ++i) {
    if (next_ >= items_.size()) {
      next_ = 0;
      ++round_;
    }
    probe(*items_[next_++], now);
  }
  for (Family& family : families_) {
    for (TimestampedSocket& socket : family.sockets) socket.flush();
  }
}

void StampProber::probe(Item& item, mesh::StampPath::Now now) {
  std::array<std::uint8_t, kProbeBufferSize> buffer;
  const stamp::Sender::Sent sent = item.path.send(now, buffer);
  Family& family = *item.family;
  // What was missing at the start, as descriptors, may be there by now.
  if (family.sockets.empty()) open_sockets(item.target.endpoint.address);
  if (family.sockets.empty()) {
    item.path.unsent(sent.sequence, family.error);
    return;
  }
  family.sockets[round_ % family.sockets.size()].send(
      {.bytes = sent.packet,
       .to = item.target.endpoint,
       .from = {},
       .cookie = make_cookie(item.target.id, sent.sequence)});
}

void StampProber::on_received(const TimestampedSocket::Received& received) {
  const auto found = by_endpoint_.find(received.from);
  if (found == by_endpoint_.end()) {
    ++counts_.unmatched;
    return;
  }
  Item& item = *found->second;
  const auto finished = item.path.receive(received.bytes, received.time, Clock::now());
  if (!finished) {
    ++counts_.unmatched;
  } else if (*finished && item.target.counted) {
    round_trips_.add(**finished);
  }
}

void StampProber::on_transmitted(const TimestampedSocket::Transmitted& sent) {
  const auto found = by_id_.find(static_cast<std::uint32_t>(sent.cookie >> 32U));
  if (found == by_id_.end()) return;
  found->second->path.transmitted(static_cast<std::uint32_t>(sent.cookie), sent.time);
}

void StampProber::on_failure(const TimestampedSocket::Failure& failure) {
  const auto found = by_endpoint_.find(failure.to);
  if (found == by_endpoint_.end()) return;
  std::uint32_t sequence = 0;
  if (failure.cookie) {
    sequence = static_cast<std::uint32_t>(*failure.cookie);
  } else if (failure.quote.size() >= stamp::kSequenceSize) {
    sequence = stamp::get<std::uint32_t>(failure.quote, 0);
  } else {
    return;  // Nobody knows which probe it was; its time will run out.
  }
  mesh::StampPath& path = found->second->path;
  if (failure.cookie && is_unsent(own_fault(failure.error_number))) {
    path.unsent(sequence, failure.text());
  } else {
    path.failed(sequence, failure.text(), Clock::now());
  }
}

bool StampProber::drain() {
  bool drained = true;
  for (Family& family : families_) {
    for (TimestampedSocket& socket : family.sockets) drained = socket.drain() && drained;
  }
  return drained;
}

bool StampProber::was_starved(Clock::time_point now) {
  std::uint64_t drops = 0;
  for (Family& family : families_) {
    for (TimestampedSocket& socket : family.sockets) drops += socket.count_drops();
  }
  counts_.receive_drops += drops;
  const bool late = sweeps_.is_late(now, options_.timeout);
  return late || drops > 0;
}

// A few times a second: a probe without an answer in time is lost, unless the fault is our own.
void StampProber::sweep() {
  const bool drained = drain();
  const auto now = Clock::now();
  const bool starved = was_starved(now);
  counts_.starved += starved ? 1 : 0;
  bool changed = false;
  for (const auto& item : items_) {
    if (starved) {
      item->path.starved(now);
    } else if (drained) {
      item->path.tick(now);
    }
    const bool down = item->path.path().state() == mesh::PathState::kDown;
    changed |= down != std::exchange(item->down, down);
  }
  if (changed && on_change_) on_change_();
}

const mesh::Path* StampProber::path(std::uint32_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second->path.path();
}

mesh::PathTotals StampProber::totals() const {
  mesh::PathTotals totals = retired_;
  for (const auto& item : items_) {
    if (item->target.counted) totals += item->path.path().totals();
  }
  return totals;
}

bool StampProber::kernel_times() const {
  for (const Family& family : families_) {
    for (const TimestampedSocket& socket : family.sockets) {
      if (!socket.kernel_times()) return false;
    }
  }
  return options_.kernel_times;
}

}  // namespace meshcheck::probe

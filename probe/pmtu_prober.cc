#include "probe/pmtu_prober.h"

#include <algorithm>
#include <cassert>

namespace meshcheck::probe {
namespace {

using std::chrono::milliseconds;

// Later than that a sweep was held up.
constexpr auto kSweepLateness = SweepClock::kPeriod + SweepClock::kLatenessMin;

bool accuses(mesh::FragmentationClass fragmentation_class) {
  switch (fragmentation_class) {
    case mesh::FragmentationClass::kReduced:
    case mesh::FragmentationClass::kReducedSignalled:
    case mesh::FragmentationClass::kBlackHole:
    case mesh::FragmentationClass::kFragmentsDropped:
      return true;
    case mesh::FragmentationClass::kUnknown:
    case mesh::FragmentationClass::kClear:
    case mesh::FragmentationClass::kDown:
      break;
  }
  return false;
}

}  // namespace

struct PmtuProber::Item {
  Target target;
  PmtuPath path;
  Clock::time_point starts;
  Clock::time_point due = Clock::time_point::max();  // As it is in schedule_.
  std::optional<Clock::time_point> unknown_since;
  mesh::PathState state = mesh::PathState::kUnknown;  // As `path` knows it.
  std::array<mesh::FragmentationClass, 2> classes{};  // As of the last sweep.
};

PmtuProber::PmtuProber(uv::Loop& loop, const Options& options, StateOf state_of,
                       std::function<void()> on_change)
    : loop_(loop),
      options_(options),
      ipv6_mtu_(options.mtu),
      state_of_(std::move(state_of)),
      on_change_(std::move(on_change)),
      swept_(Clock::now()),
      turn_timer_(loop, [this] { turn(); }),
      sweep_timer_(loop, [this] { sweep(); }) {
  assert(options_.ssid != 0 && options_.turn_max > 0);
  ipv6_mtu_.search.size_min = std::max(ipv6_mtu_.search.size_min, mesh::kIpv6SizeMin);
  sweep_timer_.start_repeating(SweepClock::kPeriod);
}

PmtuProber::~PmtuProber() = default;

std::optional<TimestampedSocket>& PmtuProber::socket_of(const IpAddress& address) {
  return sockets_[index_of(address.family())];
}

// Without a socket nothing is probed: why, the paths of small probes say.
void PmtuProber::open_socket(const IpAddress& address) {
  std::optional<TimestampedSocket>& socket = socket_of(address);
  if (socket) return;
  Endpoint any;
  any.address = *IpAddress::parse(address.family() == IpAddress::Family::kIpv4 ? "0.0.0.0" : "::");
  auto opened = TimestampedSocket::open(
      loop_, {.local = any, .kernel_times = false, .packet_size_max = PmtuPath::kPacketSizeMax},
      {.on_received = [this](const auto& received) { on_received(received); },
       .on_transmitted = {},
       .on_failure = [this](const auto& failure) { on_failure(failure); }});
  if (opened) socket.emplace(*std::move(opened));
}

std::unique_ptr<PmtuProber::Item> PmtuProber::make(const Target& target) {
  const auto now = Clock::now();
  next_start_ = std::max(next_start_ + options_.stagger, now);
  const auto family = target.endpoint.address.family();
  const bool ipv4 = family == IpAddress::Family::kIpv4;
  return std::make_unique<Item>(Item{.target = target,
                                     .path = PmtuPath({.mtu = ipv4 ? &options_.mtu : &ipv6_mtu_,
                                                       .family = family,
                                                       .ssid = options_.ssid,
                                                       .first_sequence = first_sequence_},
                                                      key_.get(), now),
                                     .starts = next_start_});
}

std::unique_ptr<PmtuProber::Item> PmtuProber::unpark(const Endpoint& endpoint) {
  const auto found = std::find_if(parked_.begin(), parked_.end(), [&](const Parked& parked) {
    return parked.item->target.endpoint == endpoint;
  });
  if (found == parked_.end()) return nullptr;
  std::unique_ptr<Item> item = std::move(found->item);
  parked_.erase(found);
  item->path.mtu().starved(Clock::now());
  return item;
}

void PmtuProber::park(std::unique_ptr<Item> item, Clock::time_point now) {
  parked_.push_back({.since = now, .item = std::move(item)});
}

void PmtuProber::forget_parked(Clock::time_point now) {
  while (!parked_.empty() && (parked_.size() > options_.parked_max ||
                              now - parked_.front().since > options_.parked_for)) {
    // The reflector may remember the session: a new path there has to count on from it.
    first_sequence_ = std::max(first_sequence_, parked_.front().item->path.next_sequence());
    parked_.pop_front();
  }
}

void PmtuProber::set_paths(const std::vector<Target>& targets) {
  const auto now = Clock::now();
  Items before = std::exchange(items_, {});
  by_id_.clear();
  schedule_.clear();
  for (const Target& target : targets) {
    if (items_.size() == options_.targets_max) break;
    if (by_id_.count(target.id) > 0 || items_.count(target.endpoint) > 0) continue;
    open_socket(target.endpoint.address);
    std::unique_ptr<Item> item;
    if (const auto stays = before.find(target.endpoint); stays != before.end()) {
      item = std::move(stays->second);
      before.erase(stays);
    } else {
      item = unpark(target.endpoint);
    }
    if (!item) item = make(target);
    item->target = target;
    item->path.set_link_mtus(target.own_link_mtu, target.peer_link_mtu, now);
    item->due = item->path.mtu().due();
    schedule_.emplace(item->due, item.get());
    by_id_.emplace(target.id, item.get());
    items_.emplace(target.endpoint, std::move(item));
  }
  for (auto& left : before) park(std::move(left.second), now);
  forget_parked(now);
  arm();
}

void PmtuProber::set_key(std::optional<stamp::Key> key) {
  const auto now = Clock::now();
  const auto old =
      std::exchange(key_, key ? std::make_unique<stamp::Key>(*std::move(key)) : nullptr);
  for (const auto& [endpoint, item] : items_) {
    item->path.use_key(key_.get(), now);
    reschedule(*item);
  }
  for (const Parked& parked : parked_) parked.item->path.use_key(key_.get(), now);
  arm();
}

PmtuProber::Item* PmtuProber::find(const Endpoint& endpoint) {
  const auto found = items_.find(endpoint);
  return found == items_.end() ? nullptr : found->second.get();
}

void PmtuProber::reschedule(Item& item) {
  const Clock::time_point due = item.path.mtu().due();
  if (due == item.due) return;
  auto node = schedule_.extract({item.due, &item});
  assert(!node.empty());
  node.value().first = item.due = due;
  schedule_.insert(std::move(node));
}

void PmtuProber::arm() {
  if (schedule_.empty() || schedule_.begin()->first == Clock::time_point::max()) {
    turn_timer_.stop();
    armed_for_.reset();
    return;
  }
  const Clock::time_point at = std::max(schedule_.begin()->first, turned_ + kTurn);
  if (armed_for_ == at) return;
  armed_for_ = at;
  const auto wait = std::chrono::ceil<milliseconds>(at - Clock::now());
  turn_timer_.start(std::max(wait, milliseconds(0)));
}

void PmtuProber::turn() {
  armed_for_.reset();
  if (Clock::now() - swept_ > kSweepLateness) sweep();  // It says whether anything may be judged.
  const bool drained = drain();                         // What waits was answered in time.
  const auto now = Clock::now();
  turned_ = now;
  for (std::size_t i = 0; drained && i < options_.turn_max; ++i) {
    if (schedule_.empty() || schedule_.begin()->first > now) break;
    Item& item = *schedule_.begin()->second;
    send(item, now);
    reschedule(item);
  }
  for (std::optional<TimestampedSocket>& socket : sockets_) {
    if (socket) socket->flush();
  }
  arm();
}

void PmtuProber::send(Item& item, Clock::time_point now) {
  using Fragmentation = TimestampedSocket::Fragmentation;
  std::array<std::uint8_t, PmtuPath::kPacketSizeMax> buffer;
  const auto packet = item.path.next(WallClock::now(), now, buffer);
  if (!packet) return;
  ++counts_.sent;
  socket_of(item.target.endpoint.address)
      ->send({.bytes = packet->bytes,
              .to = item.target.endpoint,
              .from = {},
              .cookie = packet->sequence,
              .fragmentation =
                  packet->dont_fragment ? Fragmentation::kNever : Fragmentation::kAllowed});
}

void PmtuProber::on_received(const TimestampedSocket::Received& received) {
  Item* const item = find(received.from);
  if (item == nullptr || !item->path.receive(received.bytes, received.time, Clock::now())) {
    ++counts_.unmatched;
    return;
  }
  reschedule(*item);
  arm();
}

void PmtuProber::on_failure(const TimestampedSocket::Failure& failure) {
  Item* const item = find(failure.to);
  if (item == nullptr) return;
  const auto now = Clock::now();
  if (failure.cookie) {
    const auto sequence = static_cast<std::uint32_t>(*failure.cookie);
    item->path.not_sent(sequence, failure.error_number, failure.mtu, now);
  } else if (failure.reporter && failure.mtu != 0) {
    item->path.too_big(failure.quote, failure.mtu, *failure.reporter, now);
  }
  reschedule(*item);
  arm();
}

bool PmtuProber::drain() {
  bool drained = true;
  for (std::optional<TimestampedSocket>& socket : sockets_) {
    if (socket) drained = socket->drain() && drained;
  }
  return drained;
}

bool PmtuProber::was_starved(Clock::time_point now) {
  std::uint64_t drops = 0;
  for (std::optional<TimestampedSocket>& socket : sockets_) {
    if (socket) drops += socket->count_drops();
  }
  const bool late = sweeps_.is_late(now, options_.mtu.search.probe_timer);
  return late || drops > 0;
}

void PmtuProber::sweep() {
  drain();
  const auto now = Clock::now();
  swept_ = now;
  const bool starved = was_starved(now);
  counts_.starved += starved ? 1 : 0;
  bool changed = false;
  for (const auto& [endpoint, item] : items_) {
    tell_state(*item, now);
    if (starved) item->path.mtu().starved(now);
    reschedule(*item);
    for (const auto direction : {mesh::Direction::kForward, mesh::Direction::kBackward}) {
      const auto current = item->path.mtu().result(direction, now).fragmentation_class;
      auto& before = item->classes[static_cast<std::size_t>(direction)];
      changed |= current != before && (accuses(current) || accuses(before));
      before = current;
    }
  }
  arm();
  if (changed && on_change_) on_change_();
}

void PmtuProber::tell_state(Item& item, Clock::time_point now) {
  if (now < item.starts || !socket_of(item.target.endpoint.address)) return;
  const mesh::PathState state = state_of_(item.target.id);
  if (state != mesh::PathState::kUnknown) {
    item.unknown_since.reset();
  } else if (now - item.unknown_since.value_or(now) < kUnknownMax) {
    if (!item.unknown_since) item.unknown_since = now;
    return;
  }
  if (state == item.state) return;
  item.state = state;
  item.path.mtu().set_path_state(state, now);
}

const mesh::PathMtu* PmtuProber::path(std::uint32_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second->path.mtu();
}

}  // namespace meshcheck::probe

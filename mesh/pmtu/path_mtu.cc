#include "mesh/pmtu/path_mtu.h"

#include <algorithm>
#include <utility>

namespace meshcheck::mesh {
namespace {

// The four tests in the order of a cookie's upper half: searches, then fragments.
constexpr std::size_t kTests = 4;
constexpr int kSearchPackets = 2;    // A probe and its answer.
constexpr int kFragmentPackets = 3;  // One of them in two pieces.

bool of_fragments(std::size_t test) {
  return test >= 2;
}

}  // namespace

PathMtu::PathMtu(const Options* options, Clock::time_point now)
    : options_(options),
      ways_{OneWay(options, now), OneWay(options, now)},
      gate_(now),
      busy_until_(now) {
  static_assert(sizeof(PathMtu) <= 352);
}

const PathMtu::OneWay& PathMtu::one_way(Direction direction) const {
  return ways_[static_cast<std::size_t>(direction)];
}

void PathMtu::set_link_mtus(std::uint32_t own, std::uint32_t peer, Clock::time_point now) {
  peer_link_known_ = peer != 0;
  const std::array<std::uint32_t, 2> senders = {own, peer != 0 ? peer : own};
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    ways_[i].search.set_link_mtu(senders[i], now);
    ways_[i].fragments.set_link_mtu(senders[i], now);
  }
  judge(now);
}

void PathMtu::set_path_state(PathState state, Clock::time_point now) {
  path_state_ = state;
  const bool pass = state == PathState::kUp || state == PathState::kDegraded;
  for (OneWay& way : ways_) {
    way.search.small_probes(pass, now);
    way.fragments.small_probes(pass, now);
  }
  judge(now);
}

bool PathMtu::busy() const {
  return std::any_of(ways_.begin(), ways_.end(),
                     [](const OneWay& way) { return way.search.busy() || way.fragments.busy(); });
}

std::optional<PathMtu::Probe> PathMtu::next(Clock::time_point now) {
  for (OneWay& way : ways_) {
    way.search.tick(now);
    way.fragments.tick(way.search.loss().likely_share(), now);
  }
  const bool is_busy = busy();
  if (is_busy && !std::exchange(was_busy_, is_busy)) busy_until_ = now + options_->busy_max;
  was_busy_ = is_busy;
  judge(now);
  if (now < gate_) return std::nullopt;
  for (std::size_t i = 0; i < kTests; ++i) {
    const std::size_t test = (turn_ + i) % kTests;
    std::optional<Probe> probe = next_of(test, now);
    if (!probe) continue;
    turn_ = static_cast<std::uint8_t>((test + 1) % kTests);
    return probe;
  }
  return std::nullopt;
}

std::optional<PathMtu::Probe> PathMtu::next_of(std::size_t test, Clock::time_point now) {
  OneWay& way = ways_[test % 2];
  if (of_fragments(test)) {
    const auto probe = way.fragments.next(way.search.loss().likely_share(), now);
    if (!probe) return std::nullopt;
    return make_probe(test, probe->size, probe->cookie, now);
  }
  const auto probe = way.search.next(now);
  if (!probe) return std::nullopt;
  return make_probe(test, probe->size, probe->cookie, now);
}

PathMtu::Probe PathMtu::make_probe(std::size_t test, std::uint16_t size, std::uint16_t cookie,
                                   Clock::time_point now) {
  const bool fast = busy() && now < busy_until_;
  gate_ = now + (of_fragments(test) ? kFragmentPackets : kSearchPackets) *
                    (fast ? options_->busy_pace : options_->steady_pace);
  Probe probe{.cookie = static_cast<std::uint32_t>(test << 16U | cookie),
              .direction = test % 2 == 0 ? Direction::kForward : Direction::kBackward,
              .dont_fragment = !of_fragments(test)};
  (probe.direction == Direction::kForward ? probe.request_size : probe.reply_size) = size;
  return probe;
}

Clock::time_point PathMtu::due() const {
  Clock::time_point first = Clock::time_point::max();
  for (const OneWay& way : ways_) {
    first = std::min({first, way.search.due(gate_), way.fragments.due(gate_)});
  }
  return first;
}

bool PathMtu::acknowledged(std::uint32_t cookie, Clock::time_point now) {
  const std::size_t test = cookie >> 16U;
  if (test >= kTests) return false;
  const auto own_cookie = static_cast<std::uint16_t>(cookie);
  OneWay& way = ways_[test % 2];
  const bool ours = of_fragments(test) ? way.fragments.acknowledged(own_cookie, now)
                                       : way.search.acknowledged(own_cookie, now);
  judge(now);
  return ours;
}

void PathMtu::refused(std::uint32_t cookie, std::uint32_t mtu, Clock::time_point now) {
  // Only forward searches are refused: without DF nothing is, and replies are not sent here.
  if (cookie >> 16U != 0) return;
  PmtuSearch& search = ways_.front().search;
  search.refused(static_cast<std::uint16_t>(cookie), mtu, now);
  if (mtu == 0) return;
  heard_ = {.at = now, .mtu = static_cast<std::uint16_t>(std::min(mtu, 65535U)), .own = true};
  judge(now);
}

bool PathMtu::too_big(std::uint32_t cookie, std::uint32_t mtu, const IpAddress& reporter,
                      Clock::time_point now) {
  if (cookie >> 16U != 0) return false;
  if (!ways_.front().search.too_big(static_cast<std::uint16_t>(cookie), mtu)) return false;
  heard_ = {.at = now, .mtu = static_cast<std::uint16_t>(mtu), .reporter = reporter};
  judge(now);
  return true;
}

void PathMtu::starved(Clock::time_point now) {
  for (OneWay& way : ways_) {
    way.search.void_pending();
    way.fragments.void_pending(now);
  }
}

void PathMtu::forget(Clock::time_point now) {
  const PathState state = path_state_;
  set_path_state(PathState::kUnknown, now);
  set_path_state(state, now);
}

std::optional<SizeEvidence> PathMtu::evidence(Direction direction, Clock::time_point now) const {
  const OneWay& way = one_way(direction);
  const auto& found = way.search.result();
  if (!found) return std::nullopt;
  SizeEvidence evidence{.size = found->size, .fragments = way.fragments.result()};
  if (direction == Direction::kForward) {
    evidence.link_mtu = found->link_mtu;
    // Who is told more than what passes goes on sending what gets lost.
    const bool told =
        heard_.mtu != 0 && heard_.mtu <= found->size && now - heard_.at < options_->signal_lifetime;
    evidence.signal = told ? Signal::kHeard : Signal::kUnheard;
  } else {
    evidence.signal = Signal::kNotForUs;
    if (peer_link_known_) evidence.link_mtu = found->link_mtu;
  }
  return evidence;
}

FragmentationClass PathMtu::class_of(Direction direction, Clock::time_point now) const {
  if (path_state_ == PathState::kDown) return FragmentationClass::kDown;
  const auto known = evidence(direction, now);
  return known ? classify(*known) : FragmentationClass::kUnknown;
}

void PathMtu::judge(Clock::time_point now) {
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    const auto index = static_cast<std::size_t>(direction);
    const FragmentationClass current = class_of(direction, now);
    if (current == classes_[index]) continue;
    classes_[index] = current;
    ways_[index].class_since = now;
  }
}

PathMtu::Result PathMtu::result(Direction direction, Clock::time_point now) const {
  const OneWay& way = one_way(direction);
  Result result{.fragmentation_class = classes_[static_cast<std::size_t>(direction)],
                .class_age = now - way.class_since,
                .state = way.search.state(),
                .size_passed = way.search.size_passed(),
                .size_failed = way.search.size_failed(),
                .fragments = way.fragments.result()};
  if (const auto& found = way.search.result()) {
    result.size = found->size;
    result.confirmed_age = now - found->confirmed;
  }
  const auto known = evidence(direction, now);
  if (known && known->link_mtu) result.link_mtu = *known->link_mtu;
  if (direction == Direction::kForward && heard_.mtu != 0) {
    result.too_big = {.mtu = heard_.mtu, .age = now - heard_.at};
    if (!heard_.own) result.too_big->reporter = heard_.reporter;
  }
  return result;
}

PathFindings PathMtu::findings(Clock::time_point now) const {
  const auto forward = evidence(Direction::kForward, now);
  const auto backward = evidence(Direction::kBackward, now);
  if (!forward || !backward) return {};
  return find_mismatches(*forward, *backward);
}

}  // namespace meshcheck::mesh

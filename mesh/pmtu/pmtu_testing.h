// For tests: a path with sizes, loss and latency of its own, and the PathMtu that explores it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "lib/base/random.h"
#include "mesh/pmtu/path_mtu.h"

namespace meshcheck::mesh::testing {

// Runs in simulated time, from one due() to the next, so every test also tests due(). Packets are
// lost only by the rules below.
class SimulatedPath {
 public:
  // The rules for packets in one direction.
  struct Way {
    std::uint16_t mtu = 9000;
    bool fragments_pass = true;
    std::optional<std::uint16_t>
        too_big_mtu;  // The MTU that the router in between reports; nothing: silent.
  };
  struct Sent {
    Clock::time_point at;
    std::size_t packets = 0;
    bool busy = false;
  };

  SimulatedPath(std::uint64_t seed, double loss, const PathMtu::Options& options = {})
      : options_(options), path_(&options_, now_), random_(seed), loss_(loss) {}

  void start(std::uint16_t own_link, std::uint16_t peer_link) {
    path_.set_link_mtus(own_link, peer_link, now_);
    path_.set_path_state(PathState::kUp, now_);
  }
  void set_state(PathState state) { path_.set_path_state(state, now_); }
  Way& way(Direction direction) { return ways_[static_cast<std::size_t>(direction)]; }
  void set_mtu(std::uint16_t mtu) { ways_[0].mtu = ways_[1].mtu = mtu; }
  void set_refused(std::uint16_t mtu) { refused_ = mtu; }  // By the own kernel.

  void run(Clock::duration duration) {
    run_until(duration, [] { return false; });
  }
  // True if `done` was true within the time; it is called after each event.
  bool run_until(Clock::duration duration, const std::function<bool()>& done) {
    const Clock::time_point end = now_ + duration;
    while (!done()) {
      const Clock::time_point due = path_.due();
      Clock::time_point next = due;
      if (!events_.empty()) next = std::min(next, events_.top().at);
      if (next > end) {
        now_ = end;
        return false;
      }
      now_ = std::max(now_, next);
      while (!events_.empty() && events_.top().at <= now_) deliver();
      if (due > now_) continue;
      while (const auto probe = path_.next(now_)) send(*probe);
      if (path_.due() <= now_) {
        ADD_FAILURE() << "nothing to send, and due";
        return false;
      }
    }
    return true;
  }

  std::optional<std::uint16_t> size(Direction direction) const {
    const auto evidence = path_.evidence(direction, now_);
    return evidence ? std::optional(evidence->size) : std::nullopt;
  }
  PathMtu::Result result(Direction direction) const { return path_.result(direction, now_); }
  FragmentationClass fragmentation_class(Direction direction) const {
    return result(direction).fragmentation_class;
  }
  PathMtu& path() { return path_; }
  Clock::time_point now() const { return now_; }
  const std::vector<Sent>& sent() const { return sent_; }
  void forget_sent() { sent_.clear(); }

 private:
  struct Event {
    Clock::time_point at;
    std::uint32_t cookie = 0;
    std::uint16_t too_big_mtu = 0;  // 0: the answer.
    bool operator>(const Event& other) const { return at > other.at; }
  };

  bool chance(double share) { return static_cast<double>(random_.next() >> 11U) * 0x1p-53 < share; }
  Clock::duration latency() {
    return std::chrono::microseconds(100 + random_.below(2000));  // One way.
  }

  void send(const PathMtu::Probe& probe) {
    sent_.push_back({.at = now_, .packets = probe.dont_fragment ? 2U : 3U, .busy = path_.busy()});
    const bool forward = probe.direction == Direction::kForward;
    const std::uint16_t large = forward ? probe.request_size : probe.reply_size;
    ASSERT_GT(large, 0);
    ASSERT_EQ(forward ? probe.reply_size : probe.request_size, 0);
    if (forward && probe.dont_fragment && refused_ != 0 && large > refused_) {
      sent_.pop_back();
      path_.refused(probe.cookie, refused_, now_);
      return;
    }
    const Way& way = ways_[forward ? 0 : 1];
    const int packets = probe.dont_fragment ? 2 : 3;
    for (int i = 0; i < packets; ++i) {
      if (chance(loss_)) return;
    }
    if (!probe.dont_fragment) {
      if (way.fragments_pass) answer(probe.cookie, 2 * latency(), 0);
    } else if (large <= way.mtu) {
      answer(probe.cookie, 2 * latency(), 0);
    } else if (forward && way.too_big_mtu) {
      answer(probe.cookie, latency(), *way.too_big_mtu);
    }
  }
  void answer(std::uint32_t cookie, Clock::duration delay, std::uint16_t too_big_mtu) {
    events_.push({.at = now_ + delay, .cookie = cookie, .too_big_mtu = too_big_mtu});
  }
  void deliver() {
    const Event event = events_.top();
    events_.pop();
    if (event.too_big_mtu != 0) {
      const std::array<std::uint8_t, 4> router = {192, 0, 2, 1};
      path_.too_big(event.cookie, event.too_big_mtu, IpAddress::from_bytes(router), now_);
    } else {
      path_.acknowledged(event.cookie, now_);
    }
  }

  PathMtu::Options options_;
  Clock::time_point now_{std::chrono::hours(1)};
  PathMtu path_;
  Random random_;
  double loss_;  // Of each packet, there and back.
  std::array<Way, 2> ways_;
  std::uint16_t refused_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<Sent> sent_;
};

}  // namespace meshcheck::mesh::testing

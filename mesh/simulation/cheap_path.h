// For the simulator: mesh::Path in 120 bytes, for probes each second with a timeout of a second.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "mesh/path/path.h"

namespace meshcheck::verdict::simulation {

// Steps of 200 ms, the period in which an agent looks for overdue probes.
using Tick = std::int64_t;
inline constexpr std::chrono::milliseconds kTick{200};
inline constexpr Tick kSecond = 5;

// Each probe is reported once, when it is answered or lost, in the order of sending. The states
// follow those of mesh::Path with its defaults; a test compares them. Only the last minute is kept,
// a bit a probe, and times with an error of 4 %.
class CheapPath {
 public:
  // `interval`: how often the path is probed, which gives the probes of a minute.
  explicit CheapPath(Tick now, Tick interval = kSecond)
      : since_(now), window_(60 * kSecond / interval) {}

  // An interval has passed; `under_way`: the last probe is not answered, and will be reported as
  // lost.
  void turn(Tick now, bool under_way) {
    if (state_ == mesh::PathState::kDegraded) judge(now, under_way ? window_ - 1 : window_);
  }
  void answered(Tick now, std::uint32_t round_trip_us) {
    append(false, false, round_trip_us);
    last_answer_ = now;
    lost_in_a_row_ = 0;
    ++answered_in_a_row_;
    judge(now, window_ + 1);
  }
  void lost(Tick now, bool forward) {
    append(true, forward, 0);
    answered_in_a_row_ = 0;
    ++lost_in_a_row_;
    judge(now, window_);
  }
  void starved(Tick now) {
    lost_in_a_row_ = 0;
    answered_in_a_row_ = 0;
    enter(mesh::PathState::kUnknown, now);
  }
  // Makes the path look as if it had been up for long.
  void settle(Tick now) {
    state_ = mesh::PathState::kUp;
    since_ = now - 3600 * kSecond;
    last_answer_ = now;
  }
  void remember(std::uint32_t round_trip_us) { append(false, false, round_trip_us); }

  mesh::PathState state() const { return state_; }
  Tick since() const { return since_; }
  std::optional<Tick> last_answer() const { return last_answer_; }
  std::uint16_t sent() const { return static_cast<std::uint16_t>(std::min(count_, window_)); }
  std::uint16_t lost_count() const { return bits(lost_ & last(window_)); }
  // Without the losses since the last answer, whose direction is not known yet.
  std::uint16_t lost_forward() const { return bits(lost_ & forward_ & told()); }
  std::uint16_t lost_backward() const { return bits(lost_ & ~forward_ & told()); }
  struct Times {
    std::uint32_t p50_us = 0;  // 0: nothing was answered in the last minute.
    std::uint32_t p90_us = 0;
  };
  Times times() const {
    std::array<std::uint8_t, 256> counts{};
    std::int64_t size = 0;
    for (std::int64_t back = 0; back < std::min(count_, window_); ++back) {
      if (((lost_ >> back) & 1U) != 0) continue;
      ++counts[times_[static_cast<std::size_t>(next_ - 1 - back) % times_.size()]];
      ++size;
    }
    if (size == 0) return {};
    const auto time_of = [&](std::int64_t rank) {
      std::size_t code = 0;
      for (std::int64_t left = rank; left > counts[code]; ++code) left -= counts[code];
      return codes().times[code];
    };
    return {.p50_us = time_of((size + 1) / 2), .p90_us = time_of((size * 9 + 9) / 10)};
  }

 private:
  static constexpr std::size_t kStepsOfOctave = 16;

  // The nearest step of the logarithm, looked up: a run asks for millions of them.
  struct Codes {
    Codes() {
      for (std::size_t code = 0; code < times.size(); ++code) {
        const double steps = static_cast<double>(code);
        times[code] = static_cast<std::uint32_t>(std::exp2(steps / kStepsOfOctave));
        first[code] =
            static_cast<std::uint32_t>(std::ceil(std::exp2((steps - 0.5) / kStepsOfOctave)));
      }
    }
    std::array<std::uint32_t, 256> times{};
    std::array<std::uint32_t, 256> first{};  // The smallest time that is rounded to it.
  };
  static const Codes& codes() {
    static const Codes made;
    return made;
  }
  static std::uint8_t code_of(std::uint32_t round_trip_us) {
    if (round_trip_us < 2) return 0;
    const auto& first = codes().first;
    const auto octave = static_cast<std::size_t>(std::bit_width(round_trip_us) - 1);
    const auto* const begin = first.data() + std::min(kStepsOfOctave * octave, first.size() - 1);
    const auto* const end =
        first.data() + std::min(kStepsOfOctave * (octave + 1) + 1, first.size());
    return static_cast<std::uint8_t>(std::upper_bound(begin, end, round_trip_us) - first.data() -
                                     1);
  }

  static std::uint16_t bits(std::uint64_t word) {
    return static_cast<std::uint16_t>(std::popcount(word));
  }
  static std::uint64_t last(std::int64_t count) {
    return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  }
  std::uint64_t told() const {
    return last(window_) & ~last(std::min<std::int64_t>(lost_in_a_row_, 64));
  }

  void append(bool is_lost, bool forward, std::uint32_t round_trip_us) {
    lost_ = lost_ << 1U | (is_lost ? 1U : 0U);
    forward_ = forward_ << 1U | (forward ? 1U : 0U);
    times_[static_cast<std::size_t>(next_) % times_.size()] = code_of(round_trip_us);
    ++next_;
    ++count_;
    ++judged_;
  }

  void enter(mesh::PathState state, Tick now) {
    if (state_ == state) return;
    degraded_before_ = state_ == mesh::PathState::kDegraded;
    state_ = state;
    since_ = now;
  }

  // `window`: how many of the last probes were sent in the last minute.
  void judge(Tick now, std::int64_t window) {
    using mesh::PathState;
    if (lost_in_a_row_ >= 3) {
      enter(PathState::kDown, now);
      return;
    }
    if (state_ == PathState::kUnknown || state_ == PathState::kDown) {
      const bool was_down = state_ == PathState::kDown;
      if (answered_in_a_row_ < (was_down ? 2U : 1U)) return;
      if (was_down && degraded_before_) {
        enter(PathState::kDegraded, now);
        return;
      }
      judged_ = 1;
      enter(PathState::kUp, now);
      return;
    }
    const std::int64_t sent = std::min({judged_, count_, window});
    const auto lost = static_cast<std::int64_t>(bits(lost_ & last(sent)));
    const double share =
        static_cast<double>(lost) / static_cast<double>(std::max<std::int64_t>(sent, 1));
    if (state_ == PathState::kUp) {
      if (lost >= 3 && share >= 0.05) enter(PathState::kDegraded, now);
    } else if (share < 0.025) {
      enter(PathState::kUp, now);
    }
  }

  std::uint64_t lost_ = 0;     // The newest probe is bit 0.
  std::uint64_t forward_ = 0;  // Of the lost ones.
  std::array<std::uint8_t, 64> times_{};
  std::int64_t next_ = 0;
  std::int64_t count_ = 0;
  std::int64_t judged_ = 0;  // Since when losses count.
  Tick since_;
  std::optional<Tick> last_answer_;
  std::int64_t window_;
  std::uint32_t lost_in_a_row_ = 0;
  std::uint32_t answered_in_a_row_ = 0;
  mesh::PathState state_ = mesh::PathState::kUnknown;
  bool degraded_before_ = false;
};

}  // namespace meshcheck::verdict::simulation

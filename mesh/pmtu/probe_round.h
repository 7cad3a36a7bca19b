// Probes of several sizes that are sent one after the other and judged together.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/time.h"

namespace meshcheck::mesh {

// At most eight probes. Those of the latest round are remembered until the next begins: an answer
// or an ICMP error to an older probe is ignored. Plain value.
class ProbeRound {
 public:
  static constexpr std::size_t kSizesMax = 8;

  void begin(Clock::time_point now) {
    first_cookie_ = static_cast<std::uint16_t>(first_cookie_ + kSizesMax);
    begun_ = now;
    count_ = sent_ = answered_ = lost_ = 0;
    open_ = true;
  }
  void add(std::uint16_t size) {
    assert(open_ && count_ < kSizesMax);
    sizes_[count_++] = size;
  }
  void close() {
    open_ = false;
    count_ = sent_;
  }

  bool open() const { return open_; }
  std::size_t count() const { return count_; }
  std::uint16_t size(std::size_t index) const { return sizes_[index]; }
  bool answered(std::size_t index) const { return (answered_ >> index & 1U) != 0; }
  bool lost(std::size_t index) const { return (lost_ >> index & 1U) != 0; }

  // The size to send next.
  std::optional<std::uint16_t> unsent() const {
    if (!open_ || sent_ == count_) return std::nullopt;
    return sizes_[sent_];
  }
  // The rest need not be sent.
  void cut() { count_ = sent_; }
  // Returns the probe's cookie. REQUIRES: unsent().
  std::uint16_t send(Clock::time_point now) {
    assert(unsent());
    sent_after_[sent_] = static_cast<std::uint16_t>(as_milliseconds(now - begun_));
    return static_cast<std::uint16_t>(first_cookie_ + sent_++);
  }
  // When the next may follow the one before.
  Clock::time_point send_due(Clock::duration spacing) const {
    return sent_ == 0 ? begun_ : sent_at(sent_ - 1U) + spacing;
  }

  // The index of the probe, if it was sent in this round and not answered.
  std::optional<std::size_t> find(std::uint16_t cookie) const {
    const auto index = static_cast<std::uint16_t>(cookie - first_cookie_);
    if (index >= sent_ || answered(index)) return std::nullopt;
    return index;
  }
  void answer(std::size_t index) {
    answered_ = static_cast<std::uint8_t>(answered_ | 1U << index);
    lost_ = static_cast<std::uint8_t>(lost_ & ~(1U << index));
  }
  void lose(std::size_t index) {
    if (!answered(index)) lost_ = static_cast<std::uint8_t>(lost_ | 1U << index);
  }
  void expire(Clock::time_point now, Clock::duration timeout) {
    for (std::size_t index = 0; index < sent_; ++index) {
      if (now >= sent_at(index) + timeout) lose(index);
    }
  }
  // No probe is unsent or under way, but for sizes up to `known`, whose answers are not needed.
  bool finished(std::uint16_t known) const {
    for (std::size_t index = 0; index < count_; ++index) {
      if (sizes_[index] > known && !answered(index) && !lost(index)) return false;
    }
    return true;
  }
  // When expire() has something to do; the end of time if nothing is under way.
  Clock::time_point expiry_due(Clock::duration timeout) const {
    for (std::size_t index = 0; index < sent_; ++index) {
      if (!answered(index) && !lost(index)) return sent_at(index) + timeout;
    }
    return Clock::time_point::max();
  }
  // The round is older than kLengthMax, so the caller was not running: judge nothing.
  bool stale(Clock::time_point now) const { return as_milliseconds(now - begun_) > kLengthMax; }

 private:
  static constexpr std::int64_t kLengthMax = 60'000;  // Milliseconds; fits sent_after_.

  static std::int64_t as_milliseconds(Clock::duration duration) {
    return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  }
  Clock::time_point sent_at(std::size_t index) const {
    return begun_ + std::chrono::milliseconds(sent_after_[index]);
  }

  Clock::time_point begun_;
  std::array<std::uint16_t, kSizesMax> sizes_{};
  std::array<std::uint16_t, kSizesMax> sent_after_{};  // Milliseconds since begun_.
  std::uint16_t first_cookie_ = 0;
  std::uint8_t count_ = 0;
  std::uint8_t sent_ = 0;
  std::uint8_t answered_ = 0;  // A bit each, as in lost_.
  std::uint8_t lost_ = 0;
  bool open_ = false;
};

}  // namespace meshcheck::mesh

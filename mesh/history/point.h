// How one node's paths of one layer were for a while: a point of a graph.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace meshcheck::history {

// A value of 16 bits each; kNone is "not measured". In this order they are stored.
enum class Column : std::uint8_t {
  kUp,  // Counts of paths by state, at most kLargest. All four are measured or none is.
  kDegraded,
  kDown,
  kUnknown,
  kLoss,          // Of the probes between agents, in 1/kLargest.
  kLossMax,       // The largest of a point that others were merged into.
  kLossForward,   // The part that was lost on the way there.
  kLossBackward,  // The part that was lost on the way back. Some losses are of neither.
  kRttP50,        // Levels of rtt_level().
  kRttP99,
  kMtu,  // Bytes; the smallest size that a path to a peer carries.
};
inline constexpr std::size_t kColumns = 11;
std::string_view text(Column column);  // The key in /api/v1/history: "up", "rtt_p99_ms".

struct Point {
  static constexpr std::uint16_t kNone = 0xffff;
  static constexpr std::uint16_t kLargest = 0xfffe;

  Point() { values.fill(kNone); }

  std::uint16_t& operator[](Column column) { return values[static_cast<std::size_t>(column)]; }
  std::uint16_t operator[](Column column) const { return values[static_cast<std::size_t>(column)]; }
  bool is_measured() const { return (*this)[Column::kUp] != kNone; }
  friend bool operator==(const Point&, const Point&) = default;

  std::array<std::uint16_t, kColumns> values;
};

// 3 % apart, from 1 us on: 71 minutes are level 751.
std::uint16_t rtt_level(std::uint32_t time_us);
std::chrono::duration<double, std::micro> rtt_of_level(std::uint16_t level);
std::uint16_t loss_value(std::uint64_t lost, std::uint64_t sent);  // kNone if none was sent.
double loss_of_value(std::uint16_t value);                         // 0 to 1.

// One point for all: the counts of the worst, the mean loss and the largest, the middle of the
// medians, the largest 99 %, the smallest size. Points that are not measured have no say.
Point merged(std::span<const Point> points);

}  // namespace meshcheck::history

// The result of a ping that somebody asked for: a part of the report of the agent that made it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meshcheck::mesh {

inline constexpr std::size_t kPingsOfAgentMax = 4;  // Under way or ended, in a report.
inline constexpr std::uint32_t kPingCountMax = 100;
inline constexpr std::size_t kPingErrorSizeMax = 120;
inline constexpr std::chrono::microseconds kPingRoundTripMax = std::chrono::minutes(10);
// Of the identifier, which JavaScript's numbers hold too.
inline constexpr std::uint64_t kPingIdMax = (std::uint64_t{1} << 53U) - 1;

struct PingResult {
  std::uint64_t id = 0;  // The order's; never 0.
  // Of each probe, in their order; nothing: no answer came. None at all: nothing was sent.
  std::vector<std::optional<std::chrono::microseconds>> round_trips;
  // Of those without an answer, as far as their direction is known; together at most as many.
  std::uint32_t lost_forward = 0;
  std::uint32_t lost_backward = 0;
  std::string error;  // Why the last probe failed, or why nothing was sent; or empty.

  friend bool operator==(const PingResult&, const PingResult&) = default;
};

}  // namespace meshcheck::mesh

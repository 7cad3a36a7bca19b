// The two ways of a path, and where it is cut.
#pragma once

#include <cstdint>
#include <string_view>

namespace meshcheck::mesh {

// Seen from the agent that probes. kForward: large requests from here; kBackward: large replies,
// which the other end sends.
enum class Direction : std::uint8_t { kForward, kBackward };

// On which way a path that is down or degraded is cut; kNone: it is neither.
enum class Cut : std::uint8_t { kNone, kForward, kBackward, kBoth, kUnknown };
std::string_view text(Cut cut);  // "none", "forward", ...

}  // namespace meshcheck::mesh

// The status that a check found, and how several become one.
#pragma once

#include <algorithm>
#include <cstdint>

namespace meshcheck::sla {

// In this order: of two findings about the same moment the later one counts.
enum class Status : std::uint8_t {
  kNoData,   // No check ran.
  kUnknown,  // A check ran and could not tell: something that it needs itself was missing.
  kUp,
  kDown,
};

// Several checks of a probe, or several probes of a group: one that is down is enough.
constexpr Status worse_of(Status a, Status b) {
  return std::max(a, b);
}

}  // namespace meshcheck::sla

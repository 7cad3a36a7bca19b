// What a check found out, and what is made of several findings.
#pragma once

#include <algorithm>
#include <cstdint>

namespace meshcheck::sla {

// In this order: of two findings about the same moment the later one counts.
enum class Status : std::uint8_t {
  kNoData,   // Nobody looked.
  kUnknown,  // Somebody looked and could not tell: what the check itself needs was not there.
  kUp,
  kDown,
};

// Several checks of a probe, or several probes of a group: one that is down is enough.
constexpr Status worse_of(Status a, Status b) {
  return std::max(a, b);
}

}  // namespace meshcheck::sla

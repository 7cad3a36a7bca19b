// Half a minute of one probe, as agents report it: the unit of all data of the SLA.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "mesh/sla/timers.h"

namespace meshcheck::sla {

using Seconds = std::chrono::sys_seconds;

// Episodes begin at multiples of their length since 1970; so do the rollups made of ten of them.
inline constexpr std::chrono::milliseconds kTick{200};
inline constexpr std::chrono::seconds kEpisodeLength{30};
inline constexpr std::chrono::seconds kRollupLength{300};

// The probe that stands for all of its group.
inline constexpr std::string_view kTotal = "__total__";

struct ProbeRef {
  std::string group;
  std::string probe;

  bool is_total() const { return probe == kTotal; }
  std::string text() const { return group + "/" + probe; }
  friend auto operator<=>(const ProbeRef&, const ProbeRef&) = default;
};

// Groups and probes: 1 to 128 of letters, digits, '-', '_' and '.'.
inline constexpr std::size_t kNameSizeMax = 128;
bool is_name(std::string_view text);

struct Episode {
  ProbeRef ref;
  Seconds start;
  Timers timers;
  // Results within it; 0 from upmeter's agents, which do not send it, and for a total.
  std::uint64_t checks = 0;
  std::uint64_t successes = 0;

  friend bool operator==(const Episode&, const Episode&) = default;
};

// The start of the stretch of `length` that `time` is in.
Seconds floor_to(Seconds time, std::chrono::seconds length);

}  // namespace meshcheck::sla

// The file of checks: groups of probes, each with one check or several.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

#include "lib/base/result.h"
#include "mesh/sla/check_spec.h"

namespace meshcheck::sla {

inline constexpr std::size_t kChecksMax = 200;

inline constexpr Milliseconds kPeriodMin{200};
inline constexpr Milliseconds kPeriodMax{300'000};
inline constexpr Milliseconds kTimeoutMin{100};
inline constexpr Milliseconds kTimeoutMax{300'000};
inline constexpr Milliseconds kGraceMax{3'600'000};

inline constexpr Milliseconds kPeriodDefault{10'000};
// The default timeout is the period, but at least kTimeoutDefaultMin and at most kTimeoutDefault.
inline constexpr Milliseconds kTimeoutDefault{5000};
inline constexpr Milliseconds kTimeoutDefaultMin{1000};

// The checks in the file's order, without those that `disabled` names. doc/reference/checks.md has
// the keys. An error names the place, as in "groups[0].probes[2].period: ..."; so does an unknown
// key.
Result<std::vector<CheckSpec>> parse_check_list(const nlohmann::json& root);

}  // namespace meshcheck::sla

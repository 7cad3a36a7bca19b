// A downtime as written in a file, a request or an object of Kubernetes.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "lib/base/result.h"
#include "mesh/sla/downtime.h"

namespace meshcheck::sla {

inline constexpr std::size_t kDescriptionSizeMax = 1000;  // Bytes; longer ones are cut.
inline constexpr std::size_t kAffectedMax = 1000;

// The keys are those of the custom resource: `startDate` and `endDate` (RFC 3339 or seconds since
// 1970, as text or number), `type`, `description` and `affected`. Other keys are ignored; `uid` and
// `name` are for the caller to set. The error names the key.
Result<Downtime> parse_downtime_item(const nlohmann::json& item);

nlohmann::json to_json(const Downtime& downtime);

}  // namespace meshcheck::sla

// The one word that a status page shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mesh/sla/summary.h"

namespace meshcheck::sla {

enum class PublicStatus : std::uint8_t { kNoData, kOperational, kDegraded, kOutage };
// "No Data", "Operational", "Degraded", "Outage", as upmeter's.
std::string_view text(PublicStatus status);

PublicStatus public_status(const Summary& summary);
// Joins two stretches, two probes or two groups: kNoData does not count, and different statuses
// join to kDegraded.
PublicStatus join(PublicStatus a, PublicStatus b);

// (up + unknown) / (up + unknown + down), as on upmeter's public page, where unknown counts as up;
// nothing if nothing was measured.
std::optional<double> public_availability(const Summary& summary);

}  // namespace meshcheck::sla

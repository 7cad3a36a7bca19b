// An announced or explained time: maintenance, or an accident.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "mesh/sla/episode.h"

namespace meshcheck::sla {

enum class DowntimeType : std::uint8_t {
  kAccident,
  kMaintenance,
  kInfrastructureMaintenance,
  kInfrastructureAccident,
};
// "Accident", "Maintenance", "InfrastructureMaintenance", "InfrastructureAccident"
std::string_view text(DowntimeType type);
std::optional<DowntimeType> downtime_type_of(std::string_view text);

struct Downtime {
  std::string uid;   // Of the object or entry that it comes from.
  std::string name;  // Of that object or entry.
  DowntimeType type = DowntimeType::kMaintenance;
  Seconds start;
  Seconds end;  // Later than `start`.
  std::string description;
  std::vector<std::string> affected;  // "group" or "group/probe"; empty: everything.

  bool affects(const ProbeRef& ref) const;
  bool overlaps(Seconds from, Seconds to) const { return start < to && from < end; }
  friend bool operator==(const Downtime&, const Downtime&) = default;
};

// RFC 3339, or seconds since 1970; not before that.
Result<Seconds> parse_date(std::string_view text);

}  // namespace meshcheck::sla

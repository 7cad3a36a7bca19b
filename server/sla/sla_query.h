// A user's question about the SLA: the queries of /api/status/range and /api/v1/sla.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/http/message.h"
#include "mesh/sla/downtime.h"
#include "mesh/sla/range.h"

namespace meshcheck::server {

struct SlaQuery {
  // Steps of one probe, and also of all probes of an answer together.
  static constexpr std::size_t kStepsMax = 10'000;
  static constexpr std::chrono::days kLengthMax{3660};

  sla::Range range;
  std::string group;   // Empty: all.
  std::string probe;   // Empty: all.
  bool totals = true;  // The groups' own rows among "all".
  std::vector<sla::DowntimeType> mute;
  std::optional<double> target;  // Instead of -sla-target.
  bool csv = false;

  bool mutes(sla::DowntimeType type) const;
  sla::Seconds end() const { return range.end_of(range.steps - 1); }
};

// "1h30m", "1d", "30d", "300" (seconds).
std::optional<std::chrono::seconds> parse_step(std::string_view text);

// Of upmeter's route; unknown keys are ignored. The error names the key.
Result<SlaQuery> parse_range_query(const http::Request& request, WallTime now);
// Of ours; an unknown key is an error too.
Result<SlaQuery> parse_sla_query(const http::Request& request, WallTime now);

}  // namespace meshcheck::server

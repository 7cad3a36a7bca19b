// Availability and downtimes as tables.
#pragma once

#include <string>

#include "lib/base/time.h"
#include "meshctl/document.h"

namespace meshcheck::meshctl {

// Of GET /api/v1/sla.
Document sla_document(const Json& answer);
// Of GET /api/v1/downtimes, or of one downtime in its place.
Document downtimes_document(const Json& answer, WallTime now);
Document downtime_document(const Json& downtime, WallTime now);

// The body that ends a downtime of the list at `now`, or nothing if it is to be deleted, since it
// has not begun. An error if it is not the API's, or has ended.
struct DowntimeEnd {
  bool remove = false;
  std::string body;
};
Result<DowntimeEnd> end_of_downtime(const Json& answer, const std::string& uid, WallTime now);

// The step that divides `stretch` into few steps: "5m", "1h", "1d".
std::string sla_step(std::chrono::seconds stretch);

}  // namespace meshcheck::meshctl

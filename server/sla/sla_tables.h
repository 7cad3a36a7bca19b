// The SLA's state that all threads share.
#pragma once

#include <atomic>
#include <cstdint>

#include "lib/base/guarded.h"
#include "mesh/sla/downtime_table.h"
#include "mesh/sla/sla_table.h"

namespace meshcheck::server {

struct SlaTables {
  explicit SlaTables(sla::SlaTable::Options options, double availability_target = 0.999)
      : table(options), target(availability_target) {}

  Guarded<sla::SlaTable> table;
  Guarded<sla::DowntimeTable> downtimes;
  std::atomic<std::uint64_t> downtime_file_failures = 0;
  const double target;  // The availability that is promised, 0 to 1.
};

}  // namespace meshcheck::server

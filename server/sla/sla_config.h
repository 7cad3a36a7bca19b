// The flags of the SLA.
#pragma once

#include <cstdint>
#include <string>

#include "lib/flags/flags.h"

namespace meshcheck::server {

struct SlaConfig {
  std::int64_t probes_max = 2000;
  std::int64_t retention_days = 0;
  double target = 0.999;
  std::string downtimes;  // Path; empty for none.

  void add_to(flags::Flags& flags) {
    flags.add("sla-probes-max", probes_max, {1, 20'000},
              "probes whose availability is kept, totals of groups among them; about 50 KB each");
    flags.add("sla-target", target, {0, 1}, "availability that is promised, as 0.999");
    flags.add("retention", retention_days, {0, 36'600},
              "days for which availability is kept; 0 for ever");
    flags.add("downtimes", downtimes,
              "YAML file of announced downtimes; read again when it changes");
  }
};

}  // namespace meshcheck::server

// The metrics of the program, for GET /metrics.
#pragma once

#include <string>

#include "lib/base/log_sink.h"
#include "lib/metrics/registry.h"
#include "server/parts.h"

namespace meshcheck::server {

// Registers the program's own metrics; those of the store only if there is one by now. `parts` must
// outlive the registry.
void register_metrics(metrics::Registry& registry, Parts& parts);
void register_log_metrics(metrics::Registry& registry, const LogSink& sink);
// All of /metrics. The metrics of the agents are of one moment, and so are those of the mesh.
std::string metrics_text(Parts& parts, const metrics::Registry& registry);

}  // namespace meshcheck::server

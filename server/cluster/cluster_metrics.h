// The metrics of the server's knowledge of its cluster.
#pragma once

#include "lib/metrics/sink.h"
#include "server/cluster/cluster_status.h"

namespace meshcheck::server {

void write_cluster_metrics(const ClusterStatus& status, Clock::time_point now, metrics::Sink& sink);

}  // namespace meshcheck::server

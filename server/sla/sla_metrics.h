// The metrics of availability and of announced downtimes.
#pragma once

#include "lib/metrics/sink.h"
#include "mesh/sla/downtime_table.h"
#include "mesh/sla/sla_table.h"

namespace meshcheck::server {

void write_sla_metrics(const sla::SlaTable& table, metrics::Sink& sink);
void write_downtime_metrics(const sla::DowntimeTable& table, metrics::Sink& sink);

}  // namespace meshcheck::server

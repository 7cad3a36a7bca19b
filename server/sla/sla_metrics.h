// What /metrics says of availability and of announced downtimes.
#pragma once

#include "lib/metrics/sink.h"
#include "server/sla/downtime_book.h"
#include "server/sla/sla_table.h"

namespace meshcheck::server {

void write_sla_metrics(const SlaTable& table, metrics::Sink& sink);
void write_downtime_metrics(const DowntimeBook& book, metrics::Sink& sink);

}  // namespace meshcheck::server

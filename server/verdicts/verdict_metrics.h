// The metrics of verdicts.
#pragma once

#include "lib/metrics/sink.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

void write_verdict_metrics(const VerdictPublisher& publisher, metrics::Sink& sink);

}  // namespace meshcheck::server

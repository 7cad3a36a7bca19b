// The metrics of authentication.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <array>
#include <atomic>

#include "lib/base/log.h"
#include "lib/base/time.h"
#include "lib/metrics/registry.h"
#include "server/auth/access_rules.h"

namespace meshcheck::server {

// Any thread may use it; the registry outlives it.
struct AuthMetrics {
  explicit AuthMetrics(metrics::Registry& registry);

  // Counts and logs a refusal: each at debug, and one a minute as a warning. `what` may be foreign.
  void refused(const Refusal& refusal, std::string_view what, Clock::time_point now,
               const Log& log);

  std::array<prometheus::Counter*, kRefusalReasons> refusals{};
  prometheus::Counter& unauthenticated;  // Reports without a token that were taken.
  prometheus::Counter& reviews;
  prometheus::Counter& reviews_failed;
  prometheus::Gauge& cache_entries;
  prometheus::Counter& reload_failures;
  prometheus::Gauge& certificate_expiry;

 private:
  std::atomic<Clock::rep> next_warning_ = 0;
};

}  // namespace meshcheck::server

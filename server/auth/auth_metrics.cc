#include "server/auth/auth_metrics.h"

#include <prometheus/registry.h>

namespace meshcheck::server {
namespace {

constexpr std::chrono::minutes kWarningInterval{1};
constexpr std::size_t kLoggedSizeMax = 300;

prometheus::Counter& counter(metrics::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry.families()).Add({});
}

prometheus::Gauge& gauge(metrics::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry.families()).Add({});
}

}  // namespace

AuthMetrics::AuthMetrics(metrics::Registry& registry)
    : unauthenticated(counter(registry, "meshcheck_auth_unauthenticated_reports_total",
                              "Reports without a token that were let through although -report-auth "
                              "asks for one.")),
      reviews(counter(registry, "meshcheck_auth_reviews_total",
                      "Questions to the Kubernetes API whose a token is and what its owner may "
                      "do.")),
      reviews_failed(counter(registry, "meshcheck_auth_reviews_failed_total",
                             "Such questions that the Kubernetes API did not answer.")),
      cache_entries(gauge(registry, "meshcheck_auth_cache_entries",
                          "Answers to such questions that are remembered.")),
      reload_failures(counter(registry, "meshcheck_auth_reload_failures_total",
                              "Certificates and token files that could not be read again; what "
                              "was read before stays in force.")),
      certificate_expiry(gauge(registry, "meshcheck_tls_certificate_expiry_timestamp_seconds",
                               "When the server's certificate ends; 0 without TLS.")) {
  auto& family = prometheus::BuildCounter()
                     .Name("meshcheck_auth_refused_total")
                     .Help("Requests refused for who sent them, by reason.")
                     .Register(registry.families());
  for (std::size_t i = 0; i < kRefusalReasons; ++i) {
    const auto reason = static_cast<Refusal::Reason>(i);
    refusals[i] = &family.Add({{"reason", std::string(text(reason))}});
  }
}

void AuthMetrics::refused(const Refusal& refusal, std::string_view what, Clock::time_point now,
                          const Log& log) {
  refusals[static_cast<std::size_t>(refusal.reason)]->Increment();
  const std::string_view shown = what.substr(0, kLoggedSizeMax);
  const Clock::rep time = now.time_since_epoch().count();
  Clock::rep next = next_warning_;
  const Clock::rep later = (now + kWarningInterval).time_since_epoch().count();
  if (time >= next && next_warning_.compare_exchange_strong(next, later)) {
    log.warning("request refused; others within a minute only show in the metrics",
                {{"what", shown}, {"why", refusal.sentence}});
  } else if (log.enabled(Log::Level::kDebug)) {
    log.debug("request refused", {{"what", shown}, {"why", refusal.sentence}});
  }
}

}  // namespace meshcheck::server

#include "server/sla/sla_metrics.h"

#include <limits>
#include <optional>
#include <string_view>

namespace meshcheck::server {

using sla::ProbeRef;
using sla::Timers;

void write_sla_metrics(const sla::SlaTable& table, metrics::Sink& sink) {
  using Type = metrics::Sink::Type;
  using Probe = sla::SlaTable::ProbeView;
  const auto write = [&](std::string_view name, Type type, std::string_view help, auto value) {
    sink.family(name, type, help);
    table.visit_probes([&](const Probe& probe) {
      const std::optional<double> number = value(probe);
      if (number) sink.sample({{"group", probe.ref.group}, {"probe", probe.ref.probe}}, *number);
    });
  };
  const auto of_checks = [](const ProbeRef& ref, std::uint64_t count) {
    return ref.is_total() ? std::nullopt : std::optional(static_cast<double>(count));
  };
  write("meshcheck_sla_checks_total", Type::kCounter, "Results of all agents' checks.",
        [&](const Probe& probe) { return of_checks(probe.ref, probe.checks); });
  write("meshcheck_sla_successes_total", Type::kCounter, "Those of them that were good.",
        [&](const Probe& probe) { return of_checks(probe.ref, probe.successes); });
  write("meshcheck_sla_unavailable_seconds_total", Type::kCounter,
        "Time down, by what all agents say together.", [](const Probe& probe) {
          return std::optional(std::chrono::duration<double>(probe.down).count());
        });
  write("meshcheck_sla_up", Type::kGauge,
        "1 if it was not down in the last half minute that is complete, NaN if nobody knows.",
        [&](const Probe& probe) {
          const Timers last = probe.last_settled.value_or(Timers());
          const double up =
              last.up > sla::Milliseconds(0) ? 1.0 : std::numeric_limits<double>::quiet_NaN();
          return std::optional(last.down > sla::Milliseconds(0) ? 0.0 : up);
        });
  sink.family("meshcheck_sla_episodes_total", Type::kCounter, "Episodes by what became of them.");
  const sla::SlaTable::Counts& counts = table.counts();
  const auto outcome = [&](std::string_view name, std::uint64_t count) {
    sink.sample({{"outcome", name}}, static_cast<double>(count));
  };
  outcome("accepted", counts.accepted);
  outcome("too_old", counts.too_old);
  outcome("in_future", counts.in_future);
  outcome("not_aligned", counts.not_aligned);
  outcome("not_fitting", counts.not_fitting);
  outcome("too_many_probes", counts.too_many_probes);
  const auto one = [&](std::string_view name, Type type, std::string_view help, auto value) {
    sink.family(name, type, help);
    sink.sample({}, static_cast<double>(value));
  };
  one("meshcheck_sla_probes", Type::kGauge, "Probes held, totals of groups among them.",
      table.size());
  one("meshcheck_sla_probes_max", Type::kGauge, "How many may be held.",
      table.options().probes_max);
  one("meshcheck_sla_origins", Type::kGauge, "Agents that told episodes within a day.",
      table.origins());
  one("meshcheck_sla_changes_waiting", Type::kGauge, "Episodes that are not on disk yet.",
      table.changes_waiting());
  one("meshcheck_sla_histories_lost_total", Type::kCounter,
      "Days of a probe that could not be written in time.", table.days_lost());
}

void write_downtime_metrics(const sla::DowntimeTable& table, metrics::Sink& sink) {
  using Type = metrics::Sink::Type;
  const sla::DowntimeTable::CountsBySource counts = table.counts();
  const auto write = [&](std::string_view name, std::string_view help,
                         std::size_t sla::DowntimeTable::Counts::*value) {
    sink.family(name, Type::kGauge, help);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      sink.sample({{"source", text(static_cast<sla::DowntimeTable::Source>(i))}},
                  static_cast<double>(counts.at(i).*value));
    }
  };
  write("meshcheck_downtimes", "Downtimes held.", &sla::DowntimeTable::Counts::held);
  write("meshcheck_downtimes_refused",
        "Items that are no downtimes; GET /api/v1/downtimes says why.",
        &sla::DowntimeTable::Counts::refused);
  sink.family("meshcheck_downtimes_max", Type::kGauge, "How many downtimes may be held.");
  sink.sample({}, static_cast<double>(table.downtimes_max()));
}

}  // namespace meshcheck::server

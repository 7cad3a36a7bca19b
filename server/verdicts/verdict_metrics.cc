#include "server/verdicts/verdict_metrics.h"

#include <set>
#include <string_view>
#include <tuple>
#include <vector>

namespace meshcheck::server {

using verdict::Severity;

namespace {

// Those that differ in a label: two may differ in what is none.
std::vector<const VerdictRecord*> distinct(const std::vector<VerdictRecord>& open) {
  std::vector<const VerdictRecord*> records;
  std::set<std::tuple<std::string_view, Severity, std::string_view, std::string_view>> known;
  for (const VerdictRecord& record : open) {
    if (known.emplace(record.kind, record.severity, record.layer, record.subject).second) {
      records.push_back(&record);
    }
  }
  return records;
}

}  // namespace

void write_verdict_metrics(const VerdictPublisher& publisher, metrics::Sink& sink) {
  using MetricType = metrics::Sink::Type;
  const std::vector<const VerdictRecord*> open = distinct(publisher.open());
  sink.family("meshcheck_verdict", MetricType::kGauge, "1 for each verdict that is open.");
  for (const VerdictRecord* const record : open) {
    sink.sample({{"kind", record->kind},
                 {"severity", text(record->severity)},
                 {"layer", record->layer},
                 {"subject", record->subject}},
                1);
  }
  // Not labels of the above: an alert would be another one with each count that a sentence has.
  sink.family("meshcheck_verdict_info", MetricType::kGauge, "What an open verdict says.");
  for (const VerdictRecord* const record : open) {
    sink.sample({{"kind", record->kind},
                 {"severity", text(record->severity)},
                 {"layer", record->layer},
                 {"subject", record->subject},
                 {"sentence", record->sentence}},
                1);
  }
  sink.family("meshcheck_verdicts_open", MetricType::kGauge, "Verdicts that are open.");
  for (const Severity severity : {Severity::kCritical, Severity::kWarning, Severity::kInfo}) {
    sink.sample({{"severity", text(severity)}}, static_cast<double>(publisher.count(severity)));
  }
  const auto write_counts = [&](std::string_view name, std::string_view help,
                                const VerdictPublisher::CountsByKind& counts) {
    sink.family(name, MetricType::kCounter, help);
    for (const auto& [key, value] : counts) {
      sink.sample({{"kind", key.first}, {"severity", text(key.second)}},
                  static_cast<double>(value));
    }
  };
  write_counts("meshcheck_verdicts_opened_total",
               "Verdicts opened; one that came back counts again.", publisher.opened_counts());
  write_counts("meshcheck_verdicts_closed_total", "Verdicts closed.", publisher.closed_counts());
  const auto write = [&](std::string_view name, MetricType type, std::string_view help,
                         double value) {
    sink.family(name, type, help);
    sink.sample({}, value);
  };
  write("meshcheck_verdicts_left_out_total", MetricType::kCounter,
        "Findings that became no verdict because as many as can be are held.",
        static_cast<double>(publisher.last_evaluation().left_out));
  write("meshcheck_verdict_evaluations_total", MetricType::kCounter, "Evaluations of the mesh.",
        static_cast<double>(publisher.evaluations()));
  write("meshcheck_verdict_evaluation_seconds_total", MetricType::kCounter,
        "Time that evaluations took.", publisher.evaluation_seconds());
  write("meshcheck_verdict_evaluation_seconds", MetricType::kGauge,
        "Time that the last evaluation took.",
        std::chrono::duration<double>(publisher.last_evaluation().duration).count());
}

}  // namespace meshcheck::server

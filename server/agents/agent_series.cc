#include "server/agents/agent_series.h"

#include <algorithm>
#include <utility>

namespace meshcheck::server {
namespace {

std::string label_of(const mesh::Record& record) {
  const bool host = record.podname.find("hostnet") != std::string::npos;
  return record.nodename + (host ? "-host_network" : "-private_network");
}

// The last of several probes of one URL, as netchecker's gauges had it: two samples of one series
// would make Prometheus refuse all of /metrics.
std::vector<mesh::HttpProbe> one_for_each_url(std::vector<mesh::HttpProbe>&& probes) {
  std::vector<mesh::HttpProbe> kept;
  for (mesh::HttpProbe& probe : probes) {
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const mesh::HttpProbe& other) {
      return other.url == probe.url;
    });
    if (same == kept.end()) {
      kept.push_back(std::move(probe));
    } else {
      *same = std::move(probe);
    }
  }
  return kept;
}

}  // namespace

AgentSeries::Series& AgentSeries::join(const mesh::Record& record) {
  std::string label = label_of(record);
  auto [position, added] = series_.try_emplace(label);
  Series& series = position->second;
  if (added) series.label = std::move(label);
  ++series.agents;
  return series;
}

void AgentSeries::leave(Series& series) {
  if (--series.agents != 0) return;
  changed_.add(series.label);
  series_.erase(series_.find(series.label));
}

void AgentSeries::hear(Series& series, std::vector<mesh::HttpProbe>&& probes,
                       Clock::time_point began, Clock::time_point at) {
  series.probes = one_for_each_url(std::move(probes));
  if (began < series.newest_began) return;
  series.newest_began = began;
  series.newest_heard = at;
}

void AgentSeries::count_report(Series& series) {
  ++series.reports;
  changed_.add(series.label);
}

void AgentSeries::count_missed_report(Series& series) {
  ++series.errors;
  changed_.add(series.label);
}

void AgentSeries::restore(std::string_view label, std::uint64_t reports, std::uint64_t errors) {
  const auto position = series_.find(label);
  if (position == series_.end()) return;  // Of an agent that is gone.
  position->second.reports = reports;
  position->second.errors = errors;
}

void AgentSeries::visit(const std::function<void(const View&)>& visitor) const {
  for (const auto& [label, series] : series_) {
    visitor({.label = label,
             .reports = series.reports,
             .errors = series.errors,
             .probes = series.probes});
  }
}

void AgentSeries::take_changes(std::size_t rows_max, Changes& changes) {
  changes.last_series = changed_.take(rows_max, [&](const std::string& label) {
    SeriesChange& change = changes.series.emplace_back();
    change.label = label;
    const auto position = series_.find(label);
    change.removed = position == series_.end();
    if (change.removed) return;
    change.reports = position->second.reports;
    change.errors = position->second.errors;
  });
}

}  // namespace meshcheck::server

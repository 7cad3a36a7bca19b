#include "server/agent_table.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <tuple>
#include <utility>

#include "lib/base/text.h"

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

LargeLoss LargeLoss::of(const mesh::MeshReport& report) {
  return {.to_server = report.padding.lost_for.has_value(),
          .from_server = report.padded_answer.lost_for.has_value()};
}

AgentTable::Outcome AgentTable::report(mesh::Record&& record, Now now, LargeLoss loss) {
  if (inventory_ && !expected_index_.contains(record.podname)) {
    ++counts_.refused_not_in_inventory;
    return Outcome::kNotInInventory;
  }
  if (agents_.size() >= options_.agents_max && !agents_.contains(record.podname)) {
    ++counts_.refused_full;
    return Outcome::kFull;
  }
  ++counts_.reports;
  const std::string name = record.podname;
  Agent& agent = place(std::move(record), now.wall, now.steady);
  agent.errors_since_report = 0;
  agent.loss = loss;
  ++agent.series->reports;
  note_changed(name, agent);
  note_changed(*agent.series);
  return Outcome::kStored;
}

void AgentTable::restore_agent(mesh::Record&& record, std::int64_t errors_since_report,
                               WallTime updated, Now now) {
  if (agents_.size() >= options_.agents_max) return;
  // A clock that was set back meanwhile makes nobody younger than now.
  const auto age = std::max(now.wall - updated, WallTime::duration::zero());
  Agent& agent = place(std::move(record), updated,
                       now.steady - std::chrono::duration_cast<Clock::duration>(age));
  agent.errors_since_report = errors_since_report;
}

void AgentTable::restore_series(std::string_view label, std::uint64_t reports,
                                std::uint64_t errors) {
  const auto position = series_.find(label);
  if (position == series_.end()) return;  // Of an agent that is gone.
  position->second.reports = reports;
  position->second.errors = errors;
}

AgentTable::Agent& AgentTable::place(mesh::Record&& record, WallTime updated,
                                     Clock::time_point last_report) {
  auto [position, added] = agents_.try_emplace(record.podname);
  Agent& agent = position->second;
  if (added) {
    if (const auto index = expected_index_.find(record.podname); index != expected_index_.end()) {
      expected_[index->second].second = &agent;
    }
  }
  // The label follows from the agent's name, which stays, and from its node.
  if (added || agent.node != record.nodename) {
    Series& series = series_of(record);
    ++series.agents;
    leave_series(agent);
    agent.series = &series;
  }
  agent.series->probes = one_for_each_url(std::move(record.probes));
  agent.record = record.json(updated);
  agent.node = std::move(record.nodename);
  agent.report_interval = std::chrono::seconds(record.report_interval);
  agent.last_report = last_report;
  agent.series->last_report = std::max(agent.series->last_report, last_report);
  return agent;
}

AgentTable::Series& AgentTable::series_of(const mesh::Record& record) {
  std::string label = label_of(record);
  auto [position, added] = series_.try_emplace(label);
  if (added) position->second.label = std::move(label);
  return position->second;
}

void AgentTable::leave_series(Agent& agent) {
  if (agent.series == nullptr || --agent.series->agents != 0) return;
  note_gone(changed_series_, agent.series->label);
  series_.erase(series_.find(agent.series->label));
}

AgentTable::Agents::iterator AgentTable::erase(Agents::iterator position) {
  const std::string& name = position->first;
  note_gone(changed_agents_, name);
  if (departures_.size() < 2 * options_.agents_max) departures_.push_back(name);
  leave_series(position->second);
  if (const auto index = expected_index_.find(name); index != expected_index_.end()) {
    expected_[index->second].second = nullptr;
  }
  return agents_.erase(position);
}

bool AgentTable::remove(std::string_view name) {
  const auto position = agents_.find(name);
  if (position == agents_.end()) return false;
  erase(position);
  return true;
}

void AgentTable::set_inventory(std::optional<Inventory> inventory) {
  inventory_ = std::move(inventory);
  expected_.clear();
  expected_index_.clear();
  if (!inventory_) return;
  for (const Inventory::Entry& entry : inventory_->agents) {
    expected_index_.emplace(entry.name, expected_.size());
    expected_.emplace_back(entry.name, find(entry.name));
  }
  for (auto it = agents_.begin(); it != agents_.end();) {
    it = expected_index_.contains(it->first) ? std::next(it) : erase(it);
  }
}

void AgentTable::count_missed_reports(Now now) {
  for (auto it = agents_.begin(); it != agents_.end();) {
    Agent& agent = it->second;
    if (is_forgotten(agent, now)) {
      it = erase(it);
      continue;
    }
    const Clock::duration age = now.steady - agent.last_report;
    // The first missed report is forgiven: it may be on its way.
    if (age / agent.report_interval > agent.errors_since_report + 1) {
      ++agent.errors_since_report;
      ++agent.series->errors;
      note_changed(it->first, agent);
      note_changed(*agent.series);
    }
    ++it;
  }
}

std::chrono::duration<double> AgentTable::silence_max(const Agent& agent) const {
  return agent.report_interval * options_.outdated_factor;
}

bool AgentTable::is_outdated(const Agent& agent, Now now) const {
  return now.steady - agent.last_report > silence_max(agent);
}

bool AgentTable::is_forgotten(const Agent& agent, Now now) const {
  if (inventory_) return false;
  if (now.steady - agent.last_report > options_.memory) return true;
  return !agent.node.empty() && is_outdated(agent, now) &&
         now.steady - agent.series->last_report <= silence_max(agent);
}

std::vector<std::string> AgentTable::take_departures() {
  return std::exchange(departures_, {});
}

std::vector<std::string> AgentTable::not_held(std::vector<std::string> names) const {
  std::erase_if(names, [this](const std::string& name) { return agents_.contains(name); });
  return names;
}

void AgentTable::visit_expected(Now now,
                                const std::function<void(const Expected&)>& visitor) const {
  const auto visit = [&](std::string_view name, const Agent& agent) {
    visitor({.name = name,
             .node = agent.node,
             .last_report = agent.last_report,
             .report_interval = agent.report_interval,
             .outdated = is_outdated(agent, now),
             .loss = agent.loss});
  };
  if (!inventory_) {
    for (const auto& [name, agent] : agents_) {
      if (!is_forgotten(agent, now)) visit(name, agent);
    }
    return;
  }
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    const auto& [name, agent] = expected_[i];
    if (agent != nullptr) {
      visit(name, *agent);
    } else {
      visitor({.name = name, .node = inventory_->agents[i].node});
    }
  }
}

Check AgentTable::check(Now now) const {
  Check result;
  visit_expected(now, [&](const Expected& agent) {
    ++result.expected;
    if (!agent.last_report) {
      result.absent.emplace_back(agent.name);
    } else if (agent.outdated) {
      result.outdated.emplace_back(agent.name);
    } else if (agent.loss.any()) {
      result.unpadded.push_back({.name = std::string(agent.name), .loss = agent.loss});
    }
  });
  if (!inventory_) std::sort(result.outdated.begin(), result.outdated.end());
  std::sort(result.unpadded.begin(), result.unpadded.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return result;
}

const AgentTable::Agent* AgentTable::find(std::string_view name) const {
  const auto position = agents_.find(name);
  return position == agents_.end() ? nullptr : &position->second;
}

std::optional<std::string> AgentTable::record_of(std::string_view name) const {
  const Agent* const agent = find(name);
  return agent == nullptr ? std::nullopt : std::optional(agent->record);
}

std::vector<std::string_view> AgentTable::names() const {
  std::vector<std::string_view> names;
  names.reserve(agents_.size());
  for (const auto& [name, agent] : agents_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string AgentTable::all_records() const {
  std::string json;
  char separator = '{';
  for (const std::string_view name : names()) {
    json += separator;
    append_json_string(json, name);
    json += ':';
    json += find(name)->record;
    separator = ',';
  }
  json += separator == '{' ? "{}" : "}";
  return json;
}

std::vector<AgentTable::Row> AgentTable::rows(Now now, std::size_t rows_max) const {
  std::vector<Row> rows;
  for (const auto& [name, agent] : agents_) {
    const Row::State fresh = agent.loss.any() ? Row::State::kUnpadded : Row::State::kOk;
    rows.push_back({.name = name,
                    .node = agent.node,
                    .state = is_outdated(agent, now) ? Row::State::kOutdated : fresh,
                    .age = now.steady - agent.last_report,
                    .report_interval = agent.report_interval.count(),
                    .loss = agent.loss});
  }
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    if (expected_[i].second != nullptr) continue;
    rows.push_back({.name = expected_[i].first,
                    .node = inventory_->agents[i].node,
                    .state = Row::State::kAbsent});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tuple(b.state, std::string_view(a.name)) <
           std::tuple(a.state, std::string_view(b.name));
  });
  if (rows.size() > rows_max) rows.resize(rows_max);
  return rows;
}

AgentTable::Counts AgentTable::counts() const {
  Counts counts = counts_;
  counts.agents = agents_.size();
  counts.series = series_.size();
  return counts;
}

void AgentTable::write_metrics(metrics::TextWriter& writer) const {
  using Type = metrics::TextWriter::Type;
  const auto write_counter = [&](std::string_view name, std::string_view help,
                                 std::uint64_t Series::*value) {
    writer.family(name, Type::kCounter, help);
    for (const auto& [label, series] : series_) {
      writer.sample({{"agent", label}}, static_cast<double>(series.*value));
    }
  };
  const auto write_gauge = [&](std::string_view name, std::string_view help,
                               std::int64_t mesh::HttpProbe::*value) {
    writer.family(name, Type::kGauge, help);
    for (const auto& [label, series] : series_) {
      for (const mesh::HttpProbe& probe : series.probes) {
        writer.sample({{"agent", label}, {"url", probe.url}}, static_cast<double>(probe.*value));
      }
    }
  };
  write_counter("ncagent_report_count_total",
                "Total number of reports (keepalive messages) from the agent.", &Series::reports);
  write_counter("ncagent_error_count_total",
                "Total number of errors (keepalive miss count) for the agent.", &Series::errors);
  write_gauge("ncagent_http_probe_connection_result", "Connection result: 0 - error, 1 - success",
              &mesh::HttpProbe::connection_result);
  write_gauge("ncagent_http_probe_code", "HTTP status code.", &mesh::HttpProbe::http_code);
  write_gauge("ncagent_http_probe_total_time_ms", "The total duration of http request.",
              &mesh::HttpProbe::total_ms);
  write_gauge(
      "ncagent_http_probe_content_transfer_time_ms",
      "The duration of content transfer, from the first response byte till the end (in ms).",
      &mesh::HttpProbe::content_transfer_ms);
  write_gauge("ncagent_http_probe_tcp_connection_time_ms", "TCP establishing time in ms.",
              &mesh::HttpProbe::tcp_connection_ms);
  write_gauge("ncagent_http_probe_dns_lookup_time_ms", "DNS lookup time in ms.",
              &mesh::HttpProbe::dns_lookup_ms);
  write_gauge("ncagent_http_probe_connect_time_ms", "Connection time in ms",
              &mesh::HttpProbe::connect_ms);
  write_gauge("ncagent_http_probe_server_processing_time_ms", "Server processing time in ms.",
              &mesh::HttpProbe::server_processing_ms);
}

void AgentTable::note_changed(const std::string& name, Agent& agent) {
  if (!options_.track_changes || std::exchange(agent.changed, true)) return;
  changed_agents_.insert(name);
}

void AgentTable::note_changed(Series& series) {
  if (!options_.track_changes || std::exchange(series.changed, true)) return;
  changed_series_.insert(series.label);
}

void AgentTable::note_gone(std::unordered_set<std::string>& changed, const std::string& name) {
  if (options_.track_changes && changed.size() < 2 * options_.agents_max) changed.insert(name);
}

Changes AgentTable::take_changes(std::size_t rows_max) {
  Changes changes;
  while (!changed_agents_.empty() && changes.agents.size() < rows_max) {
    AgentChange change{.name = std::move(changed_agents_.extract(changed_agents_.begin()).value())};
    if (const auto position = agents_.find(change.name); position != agents_.end()) {
      Agent& agent = position->second;
      agent.changed = false;
      change.record = agent.record;
      change.errors_since_report = agent.errors_since_report;
    }
    changes.agents.push_back(std::move(change));
  }
  while (!changed_series_.empty() && changes.series.size() < rows_max) {
    SeriesChange change{.label =
                            std::move(changed_series_.extract(changed_series_.begin()).value())};
    const auto position = series_.find(change.label);
    change.removed = position == series_.end();
    if (!change.removed) {
      position->second.changed = false;
      change.reports = position->second.reports;
      change.errors = position->second.errors;
    }
    changes.series.push_back(std::move(change));
  }
  return changes;
}

void AgentTable::put_back(const Changes& changes) {
  for (const AgentChange& change : changes.agents) {
    if (const auto position = agents_.find(change.name); position != agents_.end()) {
      note_changed(position->first, position->second);
    } else {
      note_gone(changed_agents_, change.name);
    }
  }
  for (const SeriesChange& change : changes.series) {
    if (const auto position = series_.find(change.label); position != series_.end()) {
      note_changed(position->second);
    } else {
      note_gone(changed_series_, change.label);
    }
  }
}

}  // namespace meshcheck::server

#include "server/agents/agent_table.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "lib/base/text.h"

namespace meshcheck::server {
namespace {

AgentTable::Outcome outcome_of(Roster::Refusal refusal) {
  switch (refusal) {
    case Roster::Refusal::kNotInInventory:
      return AgentTable::Outcome::kNotInInventory;
    case Roster::Refusal::kLeaving:
      return AgentTable::Outcome::kLeaving;
    case Roster::Refusal::kNotListed:
      return AgentTable::Outcome::kNotListed;
    case Roster::Refusal::kOtherPod:
      return AgentTable::Outcome::kOtherPod;
    case Roster::Refusal::kOtherNode:
      return AgentTable::Outcome::kOtherNode;
  }
  return AgentTable::Outcome::kNotInInventory;
}

}  // namespace

AgentTable::Outcome AgentTable::refuse(std::string_view name, Roster::Refusal refusal) {
  if (refusal == Roster::Refusal::kNotListed) remove(name);
  if (refusal != Roster::Refusal::kLeaving) ++counts_.refused_not_in_inventory;
  return outcome_of(refusal);
}

AgentTable::Outcome AgentTable::report(mesh::Record&& record, Now now, mesh::LargeLoss loss,
                                       std::optional<std::string_view> pod_uid) {
  if (const auto refusal = roster_.admit(record.podname, record.nodename, now.steady, pod_uid)) {
    return refuse(record.podname, *refusal);
  }
  if (pod_uid && has_moved(record, *pod_uid))
    return refuse(record.podname, Roster::Refusal::kOtherNode);
  if (!has_room(record.podname)) {
    ++counts_.refused_full;
    return Outcome::kFull;
  }
  ++counts_.reports;
  const std::string name = record.podname;
  HeldAgent& agent = place(std::move(record), now.wall, now.steady);
  agent.errors_since_report = 0;
  agent.loss = loss;
  agent.pod_uid = pod_uid.value_or("");
  changed_.add(name);
  series_.count_report(*agent.series);
  return Outcome::kStored;
}

// Those that are expected and have not reported yet keep their room: others may be made up.
bool AgentTable::has_room(std::string_view name) const {
  if (agents_.size() + roster_.places() < options_.agents_max) return true;
  if (agents_.contains(name)) return true;
  const std::size_t kept = roster_.names(name) ? 0 : roster_.places() - roster_.seated();
  return agents_.size() + kept < options_.agents_max;
}

// A pod never changes its node.
bool AgentTable::has_moved(const mesh::Record& record, std::string_view pod_uid) const {
  const HeldAgent* const held = find(record.podname);
  return held != nullptr && !held->node.empty() && held->pod_uid == pod_uid &&
         held->node != record.nodename;
}

void AgentTable::restore_agent(mesh::Record&& record, std::int64_t errors_since_report,
                               WallTime updated, Now now) {
  if (agents_.size() >= options_.agents_max) return;
  // A clock that was set back meanwhile makes nobody younger than now.
  const auto age = std::max(now.wall - updated, WallTime::duration::zero());
  HeldAgent& agent = place(std::move(record), updated,
                           now.steady - std::chrono::duration_cast<Clock::duration>(age));
  agent.errors_since_report = errors_since_report;
}

HeldAgent& AgentTable::place(mesh::Record&& record, WallTime updated,
                             Clock::time_point last_report) {
  auto [position, added] = agents_.try_emplace(record.podname);
  HeldAgent& agent = position->second;
  if (added) roster_.seat(record.podname, agent);
  if (added) agent.first_report = last_report;
  // The label follows from the agent's name, which stays, and from its node.
  if (added || agent.node != record.nodename) {
    AgentSeries::Series& series = series_.join(record);
    if (agent.series != nullptr) series_.leave(*agent.series);
    agent.series = &series;
  }
  AgentSeries::hear(*agent.series, std::move(record.probes), agent.first_report, last_report);
  agent.record = record.json(updated);
  agent.node = std::move(record.nodename);
  agent.report_interval = std::chrono::seconds(record.report_interval);
  agent.last_report = last_report;
  return agent;
}

AgentTable::Agents::iterator AgentTable::erase(Agents::iterator position) {
  const std::string& name = position->first;
  changed_.add(name);
  if (departures_.size() < 2 * options_.agents_max) departures_.push_back(name);
  if (removed_.size() < 2 * options_.agents_max) removed_.push_back(name);
  series_.leave(*position->second.series);
  roster_.unseat(name);
  return agents_.erase(position);
}

bool AgentTable::remove(std::string_view name) {
  const auto position = agents_.find(name);
  if (position == agents_.end()) return false;
  erase(position);
  return true;
}

void AgentTable::set_inventory(std::optional<Inventory> inventory) {
  roster_.set_inventory(std::move(inventory));
  for (auto it = agents_.begin(); it != agents_.end();) {
    if (!roster_.keeps(it->first)) {
      it = erase(it);
      continue;
    }
    roster_.seat(it->first, it->second);
    ++it;
  }
}

void AgentTable::count_missed_reports(Now now) {
  roster_.forget_silent_newcomers(now.steady);
  for (auto it = agents_.begin(); it != agents_.end();) {
    HeldAgent& agent = it->second;
    if (is_forgotten(it->first, agent, now)) {
      it = erase(it);
      continue;
    }
    if (agent.misses_another(now.steady) && run_watch_.judges(now.steady, agent.report_interval)) {
      ++agent.errors_since_report;
      changed_.add(it->first);
      series_.count_missed_report(*agent.series);
    }
    ++it;
  }
}

bool AgentTable::is_forgotten(std::string_view name, const HeldAgent& agent, Now now) const {
  if (roster_.has_inventory()) return is_outdated(agent, now) && !roster_.names(name);
  return now.steady - agent.last_report > options_.memory || is_replaced(agent, now);
}

std::vector<std::string> AgentTable::take_departures() {
  return std::exchange(departures_, {});
}

std::vector<std::string> AgentTable::take_removed() {
  return std::exchange(removed_, {});
}

std::vector<std::string> AgentTable::not_held(std::vector<std::string> names) const {
  std::erase_if(names, [this](const std::string& name) { return agents_.contains(name); });
  return names;
}

void AgentTable::visit_expected(Now now,
                                const std::function<void(const Expected&)>& visitor) const {
  const auto visit = [&](std::string_view name, const HeldAgent& agent,
                         const Inventory::Entry* entry) {
    visitor({.name = name,
             .node = agent.node,
             .last_report = agent.last_report,
             .report_interval = agent.report_interval,
             .outdated = is_outdated(agent, now),
             .loss = agent.loss,
             .entry = entry});
  };
  if (!roster_.has_inventory()) {
    for (const auto& [name, agent] : agents_) {
      if (!is_forgotten(name, agent, now)) visit(name, agent, nullptr);
    }
    return;
  }
  roster_.visit(now.steady, [&](const Inventory::Entry& entry, const HeldAgent* agent) {
    if (agent == nullptr) {
      visitor({.name = entry.name, .node = entry.node, .entry = &entry});
    } else if (!roster_.is_stale() || !is_replaced(*agent, now)) {
      visit(entry.name, *agent, &entry);
    }
  });
}

ConnectivityCheck AgentTable::check(Now now) const {
  ConnectivityCheck result;
  visit_expected(now, [&](const Expected& agent) {
    if (agent.excused() && (!agent.last_report || agent.outdated)) {
      result.excused.emplace_back(agent.name);
      return;
    }
    ++result.expected;
    if (!agent.last_report) {
      result.absent.emplace_back(agent.name);
      if (agent.entry != nullptr && !agent.entry->not_running.empty()) {
        result.not_running.push_back({std::string(agent.name), agent.entry->not_running});
      }
    } else if (agent.outdated) {
      result.outdated.emplace_back(agent.name);
    } else if (agent.loss.any()) {
      result.unpadded.push_back({.name = std::string(agent.name), .loss = agent.loss});
    }
  });
  result.awaited = roster_.awaited(now.steady);
  if (!roster_.has_inventory()) std::sort(result.outdated.begin(), result.outdated.end());
  std::sort(result.unpadded.begin(), result.unpadded.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return result;
}

const HeldAgent* AgentTable::find(std::string_view name) const {
  const auto position = agents_.find(name);
  return position == agents_.end() ? nullptr : &position->second;
}

std::optional<std::string> AgentTable::record_of(std::string_view name) const {
  const HeldAgent* const agent = find(name);
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

AgentTable::Counts AgentTable::counts() const {
  Counts counts = counts_;
  counts.agents = agents_.size();
  counts.series = series_.size();
  if (roster_.has_inventory()) counts.unlisted = agents_.size() - roster_.seated();
  return counts;
}

Changes AgentTable::take_changes(std::size_t rows_max) {
  Changes changes;
  changes.last_agent = changed_.take(rows_max, [&](const std::string& name) {
    AgentChange& change = changes.agents.emplace_back();
    change.name = name;
    const auto position = agents_.find(name);
    if (position == agents_.end()) return;
    change.record = position->second.record;
    change.errors_since_report = position->second.errors_since_report;
  });
  series_.take_changes(rows_max, changes);
  return changes;
}

void AgentTable::written(const Changes& changes) {
  changed_.written(changes.last_agent);
  series_.written(changes);
}

void AgentTable::put_back() {
  changed_.put_back();
  series_.put_back();
}

}  // namespace meshcheck::server

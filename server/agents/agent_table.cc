#include "server/agents/agent_table.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <tuple>
#include <utility>

#include "lib/base/text.h"

namespace meshcheck::server {
namespace {

// A newcomer that was refused and has given up may try again after so long.
constexpr std::chrono::minutes kNewcomerSilence{10};

bool is_due(const Inventory::Entry& entry, Now now) {
  return !entry.due || now.steady >= *entry.due;
}

}  // namespace

std::optional<AgentTable::Outcome> AgentTable::refusal_of(std::string_view name, Now now,
                                                          std::optional<std::string_view> pod_uid) {
  if (!inventory_) return std::nullopt;
  if (const auto place = expected_index_.find(name); place != expected_index_.end()) {
    const std::string& uid = inventory_->agents[place->second].uid;
    if (uid.empty() || !pod_uid || *pod_uid == uid) return std::nullopt;
    return Outcome::kOtherPod;
  }
  if (!inventory_->newcomer_patience) return Outcome::kNotInInventory;
  if (leaving_.contains(std::string(name))) return Outcome::kLeaving;
  if (newcomers_.admit(name, *inventory_->newcomer_patience, now.steady)) return std::nullopt;
  remove(name);
  return Outcome::kNotListed;
}

AgentTable::Outcome AgentTable::report(mesh::Record&& record, Now now, mesh::LargeLoss loss,
                                       std::optional<std::string_view> pod_uid) {
  if (const auto refusal = refusal_of(record.podname, now, pod_uid)) {
    if (*refusal != Outcome::kLeaving) ++counts_.refused_not_in_inventory;
    return *refusal;
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
  changed_.add(name);
  series_.count_report(*agent.series);
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
    AgentSeries::Series& series = series_.join(record);
    if (agent.series != nullptr) series_.leave(*agent.series);
    agent.series = &series;
  }
  AgentSeries::hear(*agent.series, std::move(record.probes), last_report);
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
  series_.leave(*position->second.series);
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
  const std::optional<Inventory> before = std::exchange(inventory_, std::move(inventory));
  const PlacesByName places_before = std::exchange(expected_index_, {});
  expected_.clear();
  leaving_.clear();
  if (!inventory_) return;
  for (const Inventory::Entry& entry : inventory_->agents) {
    expected_index_.emplace(entry.name, expected_.size());
    expected_.emplace_back(entry.name, nullptr);
    newcomers_.forget(entry.name);
  }
  leaving_.insert(inventory_->leaving.begin(), inventory_->leaving.end());
  for (auto it = agents_.begin(); it != agents_.end();) {
    const auto old = places_before.find(it->first);
    const bool was_named = before && old != places_before.end();
    if (!keeps(it->first, was_named ? &before->agents[old->second] : nullptr)) {
      it = erase(it);
      continue;
    }
    if (const auto place = expected_index_.find(it->first); place != expected_index_.end()) {
      expected_[place->second].second = &it->second;
    }
    ++it;
  }
}

bool AgentTable::keeps(std::string_view name, const Inventory::Entry* before) const {
  if (const auto place = expected_index_.find(name); place != expected_index_.end()) {
    // Of another pod than the one that has reported nothing is known yet.
    return before == nullptr || before->uid == inventory_->agents[place->second].uid;
  }
  return newcomers_.knows(name) && !leaving_.contains(std::string(name));
}

void AgentTable::count_missed_reports(Now now) {
  newcomers_.forget_silent(kNewcomerSilence, now.steady);
  for (auto it = agents_.begin(); it != agents_.end();) {
    Agent& agent = it->second;
    const bool newcomer = inventory_ && !expected_index_.contains(it->first);
    if (is_forgotten(agent, now) || (newcomer && is_outdated(agent, now))) {
      it = erase(it);
      continue;
    }
    const Clock::duration age = now.steady - agent.last_report;
    // The first missed report is forgiven: it may be on its way.
    if (age / agent.report_interval > agent.errors_since_report + 1) {
      ++agent.errors_since_report;
      changed_.add(it->first);
      series_.count_missed_report(*agent.series);
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
  return now.steady - agent.last_report > options_.memory || is_replaced(agent, now);
}

bool AgentTable::is_replaced(const Agent& agent, Now now) const {
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
  const auto visit = [&](std::string_view name, const Agent& agent, const Inventory::Entry* entry) {
    visitor({.name = name,
             .node = agent.node,
             .last_report = agent.last_report,
             .report_interval = agent.report_interval,
             .outdated = is_outdated(agent, now),
             .loss = agent.loss,
             .entry = entry});
  };
  if (!inventory_) {
    for (const auto& [name, agent] : agents_) {
      if (!is_forgotten(agent, now)) visit(name, agent, nullptr);
    }
    return;
  }
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    const auto& [name, agent] = expected_[i];
    const Inventory::Entry& entry = inventory_->agents[i];
    if (agent == nullptr) {
      if (is_due(entry, now)) visitor({.name = name, .node = entry.node, .entry = &entry});
    } else if (!newcomers_.open_ended() || !is_replaced(*agent, now)) {
      visit(name, *agent, &entry);
    }
  }
}

Check AgentTable::check(Now now) const {
  Check result;
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
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    const bool due = expected_[i].second != nullptr || is_due(inventory_->agents[i], now);
    if (!due) ++result.awaited;
  }
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
    // Who is not expected is not missed either.
    if (inventory_ && is_outdated(agent, now) && !expected_index_.contains(name)) continue;
    const Row::State fresh = agent.loss.any() ? Row::State::kUnpadded : Row::State::kOk;
    rows.push_back({.name = name,
                    .node = agent.node,
                    .state = is_outdated(agent, now) ? Row::State::kOutdated : fresh,
                    .age = now.steady - agent.last_report,
                    .report_interval = agent.report_interval.count(),
                    .loss = agent.loss});
  }
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    if (expected_[i].second != nullptr || !is_due(inventory_->agents[i], now)) continue;
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
  if (inventory_) {
    const auto named = static_cast<std::size_t>(
        std::count_if(expected_.begin(), expected_.end(),
                      [](const auto& expected) { return expected.second != nullptr; }));
    counts.unlisted = agents_.size() - named;
  }
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

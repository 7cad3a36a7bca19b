#include "mesh/table/mesh_table.h"

#include <algorithm>
#include <cassert>

namespace meshcheck::mesh {
namespace {

// Adds to `sum` by how much `value` is above the most that was counted. A late answer takes a loss
// back, so numbers may go down for a while; the sum does not.
void add_growth(std::uint64_t value, std::uint64_t& counted, std::uint64_t& sum) {
  if (value <= counted) return;
  sum += value - counted;
  counted = value;
}

// A clock that is only disciplined is never so far off within one report.
constexpr std::chrono::milliseconds kClockJumpMin{1000};

std::uint64_t unresolved(const PathTotals& totals) {
  const std::uint64_t resolved = totals.lost_forward + totals.lost_backward;
  return totals.lost > resolved ? totals.lost - resolved : 0;
}

}  // namespace

void MeshTable::report(const Sender& sender, const ProbingReport& report, Now now) {
  MeshAgent* const agent = place(sender, report.layer);
  if (agent == nullptr) return;
  note_clock(*agent, sender, report, now);
  const bool goes_on =
      agent->received != Clock::time_point() && report.agent_uptime >= agent->uptime;
  agent->starved_lately = goes_on && report.starved > agent->starved;
  note_session(*agent, report, now);
  agent->received = now.steady;
  agent->report_interval = sender.report_interval;
  agent->stopping = report.stopping;
  agent->takes_pings = report.pings.has_value();
  agent->large_loss = LargeLoss::of(report);
  if (!report.stopping) agent->series->latest = agent;
  if (report.stopping && agent->series->latest == agent) agent->series->latest = nullptr;
  agent->tunnel_overheads = {tunnel_overhead(report.tunnel, false),
                             tunnel_overhead(report.tunnel, true)};
  if (agent->sessions.note(report.ssid, now.steady)) agent->other_addresses = agent->addresses;
  agent->port = report.port;
  agent->addresses = {};
  for (const IpAddress& address : report.addresses) {
    agent->addresses[index_of(address.family())] = address;
  }
  agent->starved = report.starved;
  agent->receive_drops = report.receive_drops;
  agent->revision = report.assignment;
  rename(agent->clock, report.clock);
  rename(agent->icmp, report.icmp);
  count(*agent, report);
  store_rows(*agent, report.paths, now);
  store_pmtus(*agent, report.mtus);
  // Of exactly the size: there may be 20,000 of them.
  std::vector<HeardRow>(report.heard.begin(), report.heard.end()).swap(agent->heard);
}

MeshAgent* MeshTable::place(const Sender& sender, Layer layer) {
  auto position = agents_.find(sender.name);
  if (position == agents_.end()) {
    const auto name = names_.acquire(sender.name, NameTable::Use::kAgent);
    if (!name) return nullptr;
    position = agents_.try_emplace(names_.text(*name)).first;
    position->second.name = *name;
    if (agent_of_name_.size() <= *name) agent_of_name_.resize(*name + std::size_t{1});
    agent_of_name_[*name] = &position->second;
  }
  MeshAgent& agent = position->second;
  if (join_series(agent, sender.node, layer)) return &agent;
  leave(sender.name);  // No room for its node's name.
  return nullptr;
}

bool MeshTable::join_series(MeshAgent& agent, std::string_view node, Layer layer) {
  if (agent.series != nullptr && agent.layer == layer && text(agent.node) == node) return true;
  leave_series(agent);
  const auto id = names_.acquire(node, NameTable::Use::kAgent);
  if (!id) return false;
  agent.node = *id;
  agent.layer = layer;
  const auto [position, added] = series_.try_emplace({names_.text(*id), layer});
  MeshSeries& series = position->second;
  // The key's text needs a user of its own: this agent may go before the series does.
  if (added) {
    series.node = *names_.acquire(node, NameTable::Use::kAgent);
    const Layer other = layer == Layer::kPod ? Layer::kHost : Layer::kPod;
    const auto sibling = series_.find({names_.text(*id), other});
    if (sibling != series_.end()) {
      series.other_layer = &sibling->second;
      sibling->second.other_layer = &series;
    }
  }
  ++series.agents;
  series.unresolved += unresolved(agent.totals);
  agent.series = &series;
  // Its counts so far are in the other series; only what is new belongs to this one.
  return true;
}

void MeshTable::leave_series(MeshAgent& agent) {
  MeshSeries* const series = std::exchange(agent.series, nullptr);
  if (series != nullptr) series->unresolved -= unresolved(agent.totals);
  if (series != nullptr && series->latest == &agent) series->latest = nullptr;
  if (series != nullptr && --series->agents == 0) {
    if (series->other_layer != nullptr) series->other_layer->other_layer = nullptr;
    const NameTable::Id node = series->node;
    series_.erase({names_.text(node), agent.layer});
    names_.release(node);
  }
  names_.release(std::exchange(agent.node, NameTable::kNone));
}

void MeshTable::rename(NameTable::Id& id, std::string_view text) {
  if (names_.text(id) == text) return;
  names_.release(id);
  id = names_.acquire(text).value_or(NameTable::kNone);
}

void MeshTable::note_session(MeshAgent& agent, const ProbingReport& report, Now now) {
  const bool first = agent.received == Clock::time_point();
  if (first || report.agent_uptime < agent.uptime || report.ssid != agent.ssid) {
    agent.started = now.steady - report.agent_uptime;
    agent.counted = {};
    agent.counted_round_trips = {};
  }
  agent.uptime = report.agent_uptime;
  agent.ssid = report.ssid;
}

// Both of its clocks ran from one report to the next; where they differ, somebody set the one.
void MeshTable::note_clock(MeshAgent& agent, const Sender& sender, const ProbingReport& report,
                           Now now) {
  const auto before = std::exchange(agent.wall, sender.wall);
  std::chrono::milliseconds ahead{0};
  if (agent.wall)
    ahead = std::chrono::duration_cast<std::chrono::milliseconds>(*agent.wall - now.wall);
  agent.clock_ahead[1] = std::exchange(agent.clock_ahead[0], ahead);
  const bool same_session = report.ssid == agent.ssid && report.agent_uptime >= agent.uptime;
  // A goodbye repeats the uptime of the report before.
  if (!before || !agent.wall || !same_session || report.stopping) return;
  const auto jump = std::chrono::duration_cast<std::chrono::milliseconds>(*agent.wall - *before) -
                    (report.agent_uptime - agent.uptime);
  if (std::chrono::abs(jump) < kClockJumpMin) return;
  agent.clock_jump = jump;
  agent.clock_jumped = now.steady;
}

void MeshTable::count(MeshAgent& agent, const ProbingReport& report) {
  MeshSeries& series = *agent.series;
  series.unresolved -= unresolved(agent.totals);
  agent.totals = report.totals;
  series.unresolved += unresolved(agent.totals);
  for (const auto& [name, value] : kPathCounts) {
    add_growth(report.totals.*value, agent.counted.*value, series.totals.*value);
  }
  for (std::size_t i = 0; i < report.round_trips.counts.size(); ++i) {
    add_growth(report.round_trips.counts[i], agent.counted_round_trips.counts[i],
               series.round_trips.counts[i]);
  }
  add_growth(report.round_trips.sum_us, agent.counted_round_trips.sum_us,
             series.round_trips.sum_us);
}

void MeshTable::clear_rows(MeshAgent& agent) {
  for (const PathRow& row : agent.rows) {
    names_.release(row.to);
    names_.release(row.error);
  }
  paths_ -= agent.rows.size();
  agent.rows.clear();
}

void MeshTable::store_rows(MeshAgent& agent, const std::vector<ReportPath>& paths, Now now) {
  const std::size_t others = paths_ - agent.rows.size();
  const std::size_t taken = std::min(paths.size(), options_.paths_max - others);
  paths_refused_ += paths.size() - taken;
  std::vector<PathRow> rows;
  rows.reserve(taken);
  // The old rows hold their names until the new ones have theirs, so that none is made anew.
  for (std::size_t i = 0; i < taken; ++i) {
    const auto to = names_.acquire(paths[i].to);
    if (!to) {
      ++paths_refused_;
      continue;
    }
    PathRow& row = rows.emplace_back(paths[i]);
    row.to = *to;
    row.error = names_.acquire(paths[i].summary.error).value_or(NameTable::kNone);
  }
  agent.memories = remember(agent.rows, agent.memories, rows, now.steady);
  clear_rows(agent);
  agent.rows.swap(rows);
  paths_ += agent.rows.size();
}

void MeshTable::clear_mtus(MeshAgent& agent) {
  for (const PmtuRow& row : agent.mtus) {
    names_.release(row.to());
    names_.release(row.too_big_from());
  }
  mtus_ -= agent.mtus.size();
  agent.mtus.clear();
}

void MeshTable::store_pmtus(MeshAgent& agent, const std::vector<ReportPmtu>& mtus) {
  const std::size_t others = mtus_ - agent.mtus.size();
  const std::size_t taken = std::min(mtus.size(), options_.paths_max - others);
  mtus_refused_ += mtus.size() - taken;
  std::vector<PmtuRow> rows;
  rows.reserve(taken);
  for (std::size_t i = 0; i < taken; ++i) {
    const auto& too_big = mtus[i].ways.front().too_big;
    const bool router = too_big && too_big->reporter;
    const auto from = names_.acquire(router ? too_big->reporter->text() : "");
    const auto to = from ? names_.acquire(mtus[i].to) : std::nullopt;
    if (to) {
      rows.emplace_back(mtus[i], PmtuRow::Names{.to = *to, .too_big_from = *from});
    } else {
      names_.release(from.value_or(NameTable::kNone));
      ++mtus_refused_;
    }
  }
  std::sort(rows.begin(), rows.end());
  clear_mtus(agent);
  agent.mtus.swap(rows);
  mtus_ += agent.mtus.size();
}

bool MeshTable::leave(std::string_view name) {
  const auto position = agents_.find(name);
  if (position == agents_.end()) return false;
  MeshAgent& agent = position->second;
  clear_rows(agent);
  clear_mtus(agent);
  leave_series(agent);
  names_.release(agent.clock);
  names_.release(agent.icmp);
  const NameTable::Id id = agent.name;
  agent_of_name_[id] = nullptr;
  agents_.erase(position);
  names_.release(id);  // Last: it is the erased key.
  return true;
}

std::optional<std::string> MeshTable::visit(std::string_view after, std::size_t paths_about,
                                            Now now, const Visitor& visitor) const {
  std::size_t visited = 0;
  for (auto it = agents_.upper_bound(after); it != agents_.end(); ++it) {
    visit_agent(it->second, now, visitor);
    visited += it->second.rows.size() + 1;  // So that agents without paths cost something.
    if (visited >= paths_about) return std::string(it->first);
  }
  return std::nullopt;
}

void MeshTable::visit_agent(const MeshAgent& agent, Now now, const Visitor& visitor) const {
  const PathJudge judge(options_.rules, now.steady, run_watch_);
  const PmtuJudge pmtu_judge(judge);
  for (const PathRow& row : agent.rows) {
    const MeshAgent* const to = row.between_agents() ? find(row.to) : nullptr;
    PathView path{.from = agent,
                  .row = row,
                  .to = to,
                  .from_name = text(agent.name),
                  .from_node = text(agent.node),
                  .to_name = text(row.to),
                  .to_node = to == nullptr ? "" : text(to->node),
                  .error = text(row.error),
                  .judgement = judge.judge(agent, row, to)};
    if (row.between_agents() && row.kind == ProbeKind::kStamp) {
      path.mtu = PmtuRow::find(agent.mtus, row.to, row.family);
    }
    if (path.mtu != nullptr) {
      path.pmtu_judgement = pmtu_judge.judge(agent, *path.mtu, to, path.judgement);
      path.too_big_from = text(path.mtu->too_big_from());
    }
    visitor(path);
  }
}

void MeshTable::visit_agents(const AgentVisitor& visitor) const {
  for (const auto& [name, agent] : agents_) visitor(agent);
}

bool MeshTable::is_outdated(const MeshAgent& agent, Now now) const {
  return PathJudge(options_.rules, now.steady, run_watch_).is_outdated(agent);
}

std::vector<std::string> MeshTable::silent(Clock::duration silence, Now now) const {
  std::vector<std::string> names;
  for (const auto& [name, agent] : agents_) {
    if (now.steady - agent.received > silence) names.emplace_back(name);
  }
  return names;
}

const MeshAgent* MeshTable::find(std::string_view name) const {
  const auto position = agents_.find(name);
  return position == agents_.end() ? nullptr : &position->second;
}

const MeshAgent* MeshTable::find(NameTable::Id name) const {
  return name < agent_of_name_.size() ? agent_of_name_[name] : nullptr;
}

MeshTable::Counts MeshTable::counts() const {
  return {.agents = agents_.size(),
          .paths = paths_,
          .mtus = mtus_,
          .names = names_.size(),
          .paths_refused = paths_refused_,
          .mtus_refused = mtus_refused_,
          .names_refused = names_.refused()};
}

}  // namespace meshcheck::mesh

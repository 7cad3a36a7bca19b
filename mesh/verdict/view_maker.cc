#include "mesh/verdict/view_maker.h"

#include <algorithm>

namespace meshcheck::verdict {
namespace {

using Status = Agent::Status;

constexpr std::chrono::seconds kGraceMin{5};
// While nobody has reported, nobody's interval is known; netchecker's agents have a minute.
constexpr std::chrono::seconds kIntervalUnknown{60};
// Who reports each second and did not get to run for two is not yet silent.
constexpr std::chrono::seconds kSilenceMin{4};
// What loses two of three packets is answered so often, nearly always.
constexpr int kTrickleIntervals = 5;
constexpr int kTargetTrickleIntervals = 3;
// For so long it is told that somebody set an agent's clock.
constexpr std::chrono::seconds kClockJumpShown{60};
// A report may be underway for some seconds; a third of an episode of the SLA.
constexpr std::chrono::seconds kClockSkewMin{10};

bool is_duplicated(const mesh::MeshAgent& agent, Now now) {
  return agent.sessions.alternates(now.steady, agent.report_interval);
}

// What the last two reports agree on, so that one that was held up says nothing.
std::chrono::milliseconds clock_skew(const mesh::MeshAgent& agent) {
  const auto [last, before] = agent.clock_ahead;
  const auto least = std::chrono::abs(last) < std::chrono::abs(before) ? last : before;
  const bool agree = (last.count() > 0) == (before.count() > 0);
  return agree && std::chrono::abs(least) >= kClockSkewMin ? least : std::chrono::milliseconds(0);
}

// Netchecker's agents do not say their layer.
mesh::Layer layer_of(std::string_view name) {
  return name.find("hostnet") == std::string_view::npos ? mesh::Layer::kPod : mesh::Layer::kHost;
}

// Who puts everything into one packet more than the hosts' is asked of the hosts' agents; they have
// to agree.
std::uint16_t common_overhead(std::uint16_t so_far, const mesh::MeshAgent& agent) {
  const std::uint16_t overhead = agent.tunnel_overheads[0];
  if (overhead == 0 || overhead == so_far) return so_far;
  return so_far == 0 ? overhead : 0xffff;
}

}  // namespace

void ViewMaker::add_member(const Member& member) {
  if (members_.size() == members_size_) members_.emplace_back();
  Known& known = members_[members_size_++];
  known.name = member.name;
  known.node = member.node;
  known.report_interval = member.report_interval;
  known.outdated = member.outdated;
  known.mesh = nullptr;
  const bool reported = member.last_report && *member.last_report >= options_.began;
  known.last_report = reported ? member.last_report : std::nullopt;
  known.due = member.due;
}

const View& ViewMaker::make(const mesh::Mesh& mesh, Now now) {
  view_.clear();
  view_.now = now.steady;
  view_.probe_interval = options_.rules.probe_interval;
  texts_size_ = 0;
  agents_.clear();
  nodes_.clear();
  if (zones_.size() > UsualTimes::kZonesMax) {
    zones_.clear();  // Of some nobody is left, perhaps.
    usual_times_ = {};
  }
  const std::size_t names = mesh.table.names().ids_end();
  for (auto* of_name : {&agent_of_name_, &gateway_of_name_, &target_of_name_}) {
    of_name->assign(names, kNoIndex);
  }
  list_agents(mesh, now);
  for (Index from = 0; from < members_size_; ++from) {
    if (members_[from].mesh != nullptr) take_paths(mesh.table, from, now);
  }
  for (std::size_t i = 0; i < members_size_; ++i) members_[i].mesh = nullptr;
  usual_times_.fill(view_);
  return view_;
}

void ViewMaker::list_agents(const mesh::Mesh& mesh, Now now) {
  for (Index i = 0; i < members_size_; ++i) agents_.emplace(members_[i].name, i);
  std::uint16_t overhead = 0;
  mesh.table.visit_agents([&](const mesh::MeshAgent& agent) {
    const auto known = agents_.find(mesh.table.text(agent.name));
    if (known == agents_.end()) return;  // It was replaced, or forgotten.
    members_[known->second].mesh = &agent;
    agent_of_name_[agent.name] = known->second;
    if (agent.layer == mesh::Layer::kHost) overhead = common_overhead(overhead, agent);
  });
  view_.overlay_overhead = overhead == 0xffff ? 0 : overhead;
  const bool all_are_due = now.steady - options_.began > first_report_grace();
  for (Index i = 0; i < members_size_; ++i) {
    const Known& member = members_[i];
    Agent agent{.name = member.name, .node = node_of(member, mesh)};
    agent.layer = member.mesh != nullptr ? member.mesh->layer : layer_of(member.name);
    agent.status = status_of(member, now);
    agent.probes = member.mesh != nullptr;
    agent.expected = agent.status != Status::kNeverReported || all_are_due;
    const Clock::time_point due = std::max(member.due.value_or(options_.began), options_.began);
    agent.reported = member.last_report.value_or(due);
    agent.report_interval = member.report_interval;
    if (member.mesh != nullptr) {
      agent.started = member.mesh->started;
      agent.addresses = member.mesh->addresses;
      agent.port = member.mesh->port;
      agent.clock_skew = clock_skew(*member.mesh);
      agent.duplicated = is_duplicated(*member.mesh, now);
      if (agent.duplicated) agent.other_addresses = member.mesh->other_addresses;
      if (member.mesh->clock_jump.count() != 0 &&
          now.steady - member.mesh->clock_jumped <= kClockJumpShown) {
        agent.clock_jump = member.mesh->clock_jump;
      }
    }
    view_.agents.push_back(agent);
  }
  list_zones();
  find_same_addresses();
}

void ViewMaker::find_same_addresses() {
  endpoints_.clear();
  for (Index at = 0; at < members_size_; ++at) {
    const mesh::MeshAgent* const mesh = members_[at].mesh;
    const Status status = view_.agents[at].status;
    const bool there = status != Status::kSilent && status != Status::kStopping;
    if (mesh == nullptr || mesh->port == 0 || !there) continue;
    for (const auto& address : mesh->addresses) {
      // Each machine has a loopback of its own.
      if (!address || address->is_loopback()) continue;
      endpoints_.emplace_back(Endpoint{*address, mesh->port}, at);
    }
  }
  std::sort(endpoints_.begin(), endpoints_.end());
  for (std::size_t i = 1, first = 0; i < endpoints_.size(); ++i) {
    if (endpoints_[i].first != endpoints_[first].first) first = i;
    if (first == i) continue;
    view_.agents[endpoints_[first].second].same_address = endpoints_[first].second;
    view_.agents[endpoints_[i].second].same_address = endpoints_[first].second;
  }
}

// Two reports, as a peer's restart is excused.
Clock::duration ViewMaker::first_report_grace() const {
  Clock::duration interval{};
  for (std::size_t i = 0; i < members_size_; ++i) {
    interval = std::max(interval, members_[i].report_interval);
  }
  return kGraceMin + (interval.count() == 0 ? kIntervalUnknown : 2 * interval);
}

Status ViewMaker::status_of(const Known& member, Now now) const {
  if (!member.last_report) return Status::kNeverReported;
  if (member.mesh != nullptr && member.mesh->stopping) return Status::kStopping;
  if (member.outdated && now.steady - *member.last_report > kSilenceMin) return Status::kSilent;
  if (member.mesh == nullptr) return Status::kReporting;
  if (member.mesh->starved_lately) return Status::kStarved;
  const mesh::PathJudge judge(options_.rules, now.steady, {});
  // Whose rows are now of the one and now of the other are no evidence either.
  if (is_duplicated(*member.mesh, now)) return Status::kRestarted;
  const bool young = now.steady - member.mesh->started < judge.grace(*member.mesh);
  return young ? Status::kRestarted : Status::kReporting;
}

Index ViewMaker::node_of(const Known& member, const mesh::Mesh& mesh) {
  if (member.node.empty()) return kNoIndex;
  const auto [place_of_node, added] =
      nodes_.emplace(member.node, static_cast<Index>(view_.nodes.size()));
  if (added) {
    const auto excuse = excuses_.find(member.node);
    view_.nodes.push_back({.name = member.node});
    if (excuse != excuses_.end()) view_.nodes.back().excuse = excuse->second;
  }
  Node& node = view_.nodes[place_of_node->second];
  if (node.zone == kNoIndex) node.zone = zone_of(member.name, mesh);
  return place_of_node->second;
}

Index ViewMaker::zone_of(const std::string& agent, const mesh::Mesh& mesh) {
  const auto& zones = mesh.assigner.zones();
  const auto zone = zones.find(agent);
  if (zone == zones.end()) return kNoIndex;
  return zones_.emplace(zone->second, static_cast<Index>(zones_.size())).first->second;
}

void ViewMaker::list_zones() {
  view_.zones.resize(zones_.size());
  for (const auto& [name, place] : zones_) view_.zones[place] = name;
}

Index ViewMaker::place(std::string_view text, std::vector<std::string_view>& list) {
  if (texts_.size() == texts_size_) texts_.emplace_back();
  texts_[texts_size_] = text;
  list.push_back(texts_[texts_size_++]);
  return static_cast<Index>(list.size() - 1);
}

// For so long after a single answer a path that was down may be about to be up. Of a target three
// look-ups have to fail anew.
Clock::duration ViewMaker::trickle_of(const mesh::PathRow& row) const {
  if (row.relation == mesh::Relation::kTarget) {
    return kTargetTrickleIntervals * view_.target_interval;
  }
  return kTrickleIntervals * options_.rules.probe_interval;
}

void ViewMaker::take_paths(const mesh::MeshTable& table, Index from, Now now) {
  const mesh::MeshAgent& agent = *members_[from].mesh;
  const mesh::PathJudge judge(options_.rules, now.steady, table.run_watch());
  const mesh::PmtuJudge pmtu_judge(judge);
  for (std::size_t i = 0; i < agent.rows.size(); ++i) {
    const mesh::PathRow& row = agent.rows[i];
    const mesh::PathMemory& memory = agent.memories[i];
    const Index to_index = far_end(table, from, row);
    if (to_index == kNoIndex) continue;
    const mesh::MeshAgent* const to = row.between_agents() ? members_[to_index].mesh : nullptr;
    const mesh::Judgement judgement = judge.judge(agent, row, to);
    Path path{.from = from, .to = to_index};
    path.relation = row.relation;
    path.kind = row.kind;
    path.family = row.family;
    path.state = judgement.state;
    // It is not known who answers there.
    if (to != nullptr && view_.agents[to_index].same_address != kNoIndex) {
      path.state = PathState::kUnknown;
    }
    path.since = agent.received - std::chrono::milliseconds(row.state_age_ms);
    if (path.state == PathState::kDown) {
      path.cut = judgement.cut;
      path.cross_check = row.cross_check;
      // It was about to be up when it failed again.
      const std::chrono::milliseconds silent(std::min(row.answer_age_ms, row.state_age_ms));
      path.since = agent.received - silent;
      path.trickles = row.answer_age_ms < row.state_age_ms && silent <= trickle_of(row);
    }
    path.recovering = path.state != PathState::kDown && memory.was_down_lately(now.steady);
    path.sent = row.sent;
    path.lost = row.lost;
    path.lost_forward = row.lost_forward;
    path.lost_backward = row.lost_backward;
    static_assert(mesh::PathRow::kNever == Path::kNoTime);
    path.p50_us = row.p50_us;
    path.p90_us = row.p90_us;
    path.lost_lately = memory.lost_lately();
    path.answer_age_ms =
        static_cast<std::uint16_t>(std::min<std::uint32_t>(row.answer_age_ms, Path::kNoAge));
    // What was down has few round trips in its minute, and the first of them are slow.
    if (memory.usual_p50_us() != 0 && !path.recovering) {
      path.usual_p50_us = memory.usual_p50_us();
      path.usual_p90_us = memory.usual_p90_us();
    }
    view_.paths.push_back(path);
    const bool open = path.state == PathState::kUp || path.state == PathState::kDegraded;
    if (row.relation != mesh::Relation::kPeer || !open) continue;
    if (const mesh::PmtuRow* const mtu = mesh::PmtuRow::find(agent.mtus, row.to, row.family)) {
      add_sizes(pmtu_judge.ways(agent, *mtu, to), path);
    }
  }
}

// kNoIndex: nobody who is listed.
Index ViewMaker::far_end(const mesh::MeshTable& table, Index from, const mesh::PathRow& row) {
  if (row.to == mesh::NameTable::kNone) return kNoIndex;
  if (row.between_agents()) {
    if (const Index known = agent_of_name_[row.to]; known != kNoIndex) return known;
    const auto silent = agents_.find(table.text(row.to));  // It has not reported yet.
    return silent == agents_.end() ? kNoIndex : silent->second;
  }
  if (row.relation == mesh::Relation::kTarget) {
    Index& target = target_of_name_[row.to];
    if (target == kNoIndex) target = place(table.text(row.to), view_.targets);
    return target;
  }
  // Pods of all nodes may have gateways of one address, and each is its node's.
  if (view_.agents[from].layer == mesh::Layer::kPod)
    return place(table.text(row.to), view_.gateways);
  Index& gateway = gateway_of_name_[row.to];
  if (gateway == kNoIndex) gateway = place(table.text(row.to), view_.gateways);
  return gateway;
}

void ViewMaker::add_sizes(const mesh::PmtuWays& ways, const Path& path) {
  const auto add = [&](const mesh::PmtuWay& way, Index sender, Index receiver) {
    if (way.fragmentation_class == mesh::FragmentationClass::kUnknown) return;
    view_.sizes.push_back({.sender = sender,
                           .receiver = receiver,
                           .path = static_cast<Index>(view_.paths.size() - 1),
                           .family = path.family,
                           .fragmentation_class = way.fragmentation_class,
                           .size = way.size.value_or(0),
                           .link_mtu = way.link_mtu.value_or(0),
                           .since = way.since});
  };
  add(ways.forward, path.from, path.to);
  add(ways.backward, path.to, path.from);
}

}  // namespace meshcheck::verdict

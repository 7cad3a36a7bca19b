#include "mesh/simulation/simulated_server.h"

#include <unordered_map>
#include <utility>

namespace meshcheck::verdict::simulation {
namespace {

Now at(Tick tick) {
  const Clock::duration passed = std::chrono::hours(2) + tick * kTick;
  return {.wall = WallTime(passed), .steady = Clock::time_point(passed)};
}

}  // namespace

SimulatedServer::SimulatedServer(Options options, const Cluster& cluster)
    : options_(options),
      rules_({.outdated_factor = options.outdated_factor}),
      mesh_({.table = {.rules = rules_}}),
      view_maker_({.rules = rules_, .began = at(0).steady}) {
  std::unordered_map<std::string, std::string> zones;
  for (Index node = 0; node < cluster.nodes; ++node) {
    for (const Layer layer : {Layer::kPod, Layer::kHost}) {
      members_.push_back({.name = agent_name(node, layer), .node = node_name(node)});
      zones[members_.back().name] = zone_name(cluster.zone_of[node]);
    }
  }
  mesh_.assigner.set_zones(std::move(zones));
}

void SimulatedServer::expect(Index agent, Tick now) {
  Member& member = members_[agent];
  if (api_away_) {
    member.began = member.left || !member.expected;
    return;
  }
  if (member.expected) return;
  member.expected = true;
  member.due = now + 2 * options_.report_interval + 5 * kSecond;
}

void SimulatedServer::forget(Index agent) {
  Member& member = members_[agent];
  if (api_away_) {
    member.left = true;
    member.began = false;
    return;
  }
  member.expected = false;
  member.last_report.reset();
  mesh_.leave({member.name});
}

void SimulatedServer::set_api_away(bool away, Tick now) {
  api_away_ = away;
  if (away) return;
  for (Index agent = 0; agent < members_.size(); ++agent) {
    const bool left = std::exchange(members_[agent].left, false);
    const bool began = std::exchange(members_[agent].began, false);
    if (left) forget(agent);
    if (began) expect(agent, now);
  }
}

bool SimulatedServer::receive(Index agent, const mesh::ProbingReport& report, Tick now) {
  Member& member = members_[agent];
  if (!member.expected || member.began) return false;
  member.last_report = now;
  mesh_.table.report(
      {.name = member.name, .node = member.node, .report_interval = report_interval()}, report,
      at(now));
  return true;
}

const View& SimulatedServer::view(Tick now) {
  view_maker_.clear_members();
  for (const Member& member : members_) {
    if (!member.expected || (!member.last_report && now < member.due)) continue;
    ViewMaker::Member expected{.name = member.name, .node = member.node};
    if (member.last_report) {
      expected.last_report = at(*member.last_report).steady;
      expected.report_interval = report_interval();
      expected.outdated =
          rules_.is_outdated((now - *member.last_report) * kTick, report_interval());
    } else {
      expected.due = at(member.due).steady;
    }
    view_maker_.add_member(expected);
  }
  return view_maker_.make(mesh_, at(now));
}

}  // namespace meshcheck::verdict::simulation

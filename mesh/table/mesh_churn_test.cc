// An hour of rolling restarts and of nodes that come and go, told to the real Mesh: no path between
// two living agents is ever shown as down.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "lib/base/random.h"
#include "mesh/table/table_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;

// What an agent knows of one path, by the rules of mesh/path: three losses in a row, two answers.
struct SimulatedPath {
  IpAddress address;
  Relation relation = Relation::kPeer;
  PathState state = PathState::kUnknown;
  int lost = 0;
  int answered = 0;

  void probe(bool answer) {
    lost = answer ? 0 : lost + 1;
    answered = answer ? answered + 1 : 0;
    if (lost >= 3) state = PathState::kDown;
    if (answered >= 2) state = PathState::kUp;
  }
};

struct SimulatedAgent {
  std::string name;
  std::size_t node = 0;
  Layer layer = Layer::kPod;
  IpAddress address;
  std::uint16_t ssid = 0;
  bool running = false;
  bool reported = false;    // Since its start, so the server may know that it lives.
  std::int64_t start = 0;   // The second in which it starts, if it is not running...
  std::int64_t report = 0;  // ... and in which it reports next.
  std::string revision;
  std::map<std::string, SimulatedPath> paths;
};

class MeshChurnTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kInterval = 5;
  static constexpr std::size_t kNodes = 30;

  MeshChurnTest() {
    for (std::size_t node = 0; node < kNodes; ++node) add_node(node);
  }

  static Mesh::Options options() {
    Mesh::Options options;
    options.assigner.neighbours.degree = 6;
    options.assigner.neighbours.full_mesh_max = 15;
    options.assigner.began = testing::TestClock().now.steady - 1h;
    options.assigner.key = std::string(32, 'k');
    return options;
  }

  void add_node(std::size_t node) {
    start({.name = "pod-" + std::to_string(node) + "-" + std::to_string(++serial_),
           .node = node,
           .layer = Layer::kPod,
           .address = testing::address_of(++serial_)},
          random_.below(5));
    start({.name = "host-" + std::to_string(node),
           .node = node,
           .layer = Layer::kHost,
           .address = testing::address_of(100'000 + node)},
          random_.below(5));
  }

  void start(SimulatedAgent agent, std::size_t in_seconds) {
    agent.start = second_ + static_cast<std::int64_t>(in_seconds);
    agent.ssid = static_cast<std::uint16_t>(random_.below(65'535) + 1);
    agent.running = false;
    agent.reported = false;
    agent.paths.clear();
    agent.revision.clear();
    const std::string name = agent.name;
    agents_.insert_or_assign(name, std::move(agent));
  }

  // Says goodbye and ends; the server's table of agents forgets it later.
  void stop(const std::string& name) {
    SimulatedAgent& agent = agents_.at(name);
    if (agent.running) report(agent, true);
    agent.running = false;
  }

  // A pod comes back under another name or, as one of a StatefulSet, with another address; an agent
  // of the host's network comes back as it was.
  void restart(const std::string& name) {
    stop(name);
    SimulatedAgent agent = agents_.at(name);
    if (agent.layer == Layer::kPod && random_.below(2) == 0) {
      gone_.emplace_back(second_ + 10, name);
      agents_.erase(name);
      agent.name = "pod-" + std::to_string(agent.node) + "-" + std::to_string(++serial_);
    }
    if (agent.layer == Layer::kPod) agent.address = testing::address_of(++serial_);
    start(std::move(agent), 1 + random_.below(20));
  }

  void remove_node(std::size_t node) {
    for (const std::string& name : names()) {
      if (agents_.at(name).node != node) continue;
      stop(name);
      agents_.erase(name);
      gone_.emplace_back(second_ + 10, name);
    }
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, agent] : agents_) names.push_back(name);
    return names;
  }

  void report(SimulatedAgent& agent, bool stopping) {
    ProbingReport report;
    report.layer = agent.layer;
    report.agent_uptime = std::chrono::seconds(second_ - agent.start);
    report.stopping = stopping;
    report.addresses = {agent.address};
    report.port = 8862;
    report.ssid = agent.ssid;
    report.assignment = agent.revision;
    for (const auto& [to, path] : agent.paths) {
      report.paths.push_back(testing::path_to(to, path.state));
      report.paths.back().relation = path.relation;
    }
    const auto answer = mesh_.report({.name = agent.name,
                                      .node = "node" + std::to_string(agent.node),
                                      .report_interval = std::chrono::seconds(kInterval)},
                                     report, clock_.now);
    agent.reported = true;
    if (answer) follow(agent, *parse_assignment(*answer));
  }

  static void follow(SimulatedAgent& agent, const Assignment& assignment) {
    agent.revision = assignment.revision;
    std::map<std::string, SimulatedPath> paths;
    for (const Peer& peer : assignment.peers) {
      const auto known = agent.paths.find(peer.name);
      SimulatedPath& path = paths[peer.name];
      if (known != agent.paths.end()) path = known->second;
      if (path.address != peer.addresses[0]) path = {};
      path.address = peer.addresses[0];
      path.relation = peer.relation == Peer::Relation::kTwin ? Relation::kTwin : Relation::kPeer;
    }
    agent.paths = std::move(paths);
  }

  void run_second() {
    ++second_;
    clock_.pass(1s);
    std::set<IpAddress> reflectors;
    for (auto& [name, agent] : agents_) {
      if (!agent.running && agent.start <= second_) {
        agent.running = true;
        agent.start = second_;
        agent.report = second_ + static_cast<std::int64_t>(random_.below(2));
      }
      if (agent.running) reflectors.insert(agent.address);
    }
    for (auto& [name, agent] : agents_) {
      if (!agent.running) continue;
      for (auto& [to, path] : agent.paths) path.probe(reflectors.contains(path.address));
      if (agent.report > second_) continue;
      report(agent, false);
      agent.report = second_ + kInterval;
    }
    std::vector<std::string> forgotten;
    while (!gone_.empty() && gone_.front().first <= second_) {
      forgotten.push_back(gone_.front().second);
      gone_.erase(gone_.begin());
    }
    mesh_.leave(forgotten);
    look();
  }

  bool lives(std::string_view name) const {
    const auto agent = agents_.find(std::string(name));
    return agent != agents_.end() && agent->second.running && agent->second.reported;
  }

  void look() {
    mesh_.table.visit("", ~std::size_t{0}, clock_.now, [&](const PathView& path) {
      ++shown_[path.judgement.state];
      if (path.judgement.state != PathState::kDown) return;
      EXPECT_FALSE(lives(path.from_name) && lives(path.to_name))
          << path.from_name << " -> " << path.to_name << " at " << second_;
    });
  }

  testing::TestClock clock_;
  Random random_{20'261'121};
  Mesh mesh_{options()};
  std::int64_t second_ = 0;
  std::size_t serial_ = 0;
  std::map<std::string, SimulatedAgent> agents_;
  std::vector<std::pair<std::int64_t, std::string>> gone_;  // By time.
  std::map<PathState, std::size_t> shown_;
};

TEST_F(MeshChurnTest, ShowsNoPathOfALivingPairAsDown) {
  std::vector<std::size_t> nodes;
  for (std::size_t node = 0; node < kNodes; ++node) nodes.push_back(node);
  std::size_t next_node = kNodes;
  std::vector<std::string> rolling = names();
  while (second_ < 3600) {
    run_second();
    if (second_ % 25 == 0) {  // A rolling restart, and another when it is through.
      if (rolling.empty()) rolling = names();
      if (agents_.contains(rolling.back())) restart(rolling.back());
      rolling.pop_back();
    }
    if (second_ % 200 == 100) {  // A node goes; 30 % of them in a third of the hour...
      std::swap(nodes[random_.below(nodes.size())], nodes.back());
      remove_node(nodes.back());
      nodes.pop_back();
    }
    if (second_ % 200 == 0) {  // ... and another comes.
      add_node(next_node);
      nodes.push_back(next_node++);
    }
  }
  EXPECT_GT(shown_[PathState::kUp], 20 * shown_[PathState::kUnknown]);
}

TEST_F(MeshChurnTest, ShowsAPathToAnAgentThatDiedAsDown) {
  while (second_ < 60) run_second();
  agents_.at("host-7").running = false;
  agents_.at("host-7").start = 1'000'000;
  while (second_ < 80) run_second();
  EXPECT_GT(shown_[PathState::kDown], 0U);
  agents_.at("host-7").start = second_;
  agents_.at("host-7").reported = false;
  while (second_ < 120) run_second();  // Looks at each second that nothing else is down.
}

}  // namespace
}  // namespace meshcheck::mesh

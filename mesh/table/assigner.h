// The answer to an agent's report: the peers that it probes, and how.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/time.h"
#include "mesh/assignment/assignment.h"
#include "mesh/neighbours/neighbours.h"
#include "mesh/report/probing_report.h"

namespace meshcheck::mesh {

// The nodes with at least one agent that can be probed are Neighbours'; an agent probes the agents
// of its layer on its node's peers, and those of the other layer on its own node, its twins. Reads
// no clock and has no lock: its owner guards it. An answer is made when an agent does not have it
// yet, and only its revision is kept, so 20,000 agents cost a few MB.
class Assigner {
 public:
  struct Options {
    Neighbours::Options neighbours;
    std::chrono::seconds epoch{300};  // How long each node keeps its peers.
    ProbeSettings probe;
    std::chrono::seconds report_interval{0};  // 0: as each agent's own flag.
    Targets targets;
    std::string key;  // Of the mesh; empty for unauthenticated mode.
    // When the server began: for a while it does not know all agents. See answer().
    Clock::time_point began;
  };
  struct Member {
    std::string_view name;
    std::string_view node;
    Layer layer = Layer::kPod;
    std::vector<IpAddress> addresses;
    std::vector<std::uint32_t> link_mtus;  // Of the links of `addresses`; 0: unknown.
    std::uint16_t port = 0;
    bool stopping = false;
  };
  // An agent that wants to know its assignment.
  struct Question {
    std::string_view name;
    std::string_view held;  // The revision that it has; empty for none.
    std::chrono::seconds report_interval{0};
    std::vector<PingOrder> pings;  // To be made now.
  };
  struct Current {
    std::string revision;
    std::uint64_t epoch = 0;
  };

  explicit Assigner(Options options);

  // An agent has reported. It is no peer while it is stopping, or has no address and port that
  // peer_address.h allows.
  void report(const Member& member);
  void leave(std::string_view name);
  // Begins another epoch if it is time.
  void tick(Now now);
  // Of agents by name; an agent's node is in its zone.
  void set_zones(std::unordered_map<std::string, std::string> zones);
  const std::unordered_map<std::string, std::string>& zones() const { return zones_; }
  // The key, which is only known once the database is open. To be called before the first answer.
  void use_key(std::string key);

  // The assignment's JSON, or nothing if `held` is its revision and there are no pings to be made.
  // Until two `report_interval`s and 5 s after the server's begin, an agent keeps the assignment
  // that an earlier server process gave it: the mesh may not be complete yet.
  std::optional<std::string> answer(const Question& question, Now now);
  std::optional<Current> current(std::string_view name);

  std::size_t agents() const { return agents_.size(); }
  std::size_t nodes() const { return neighbours_.size(); }
  // 0 in a full mesh.
  std::uint64_t epoch() const { return neighbours_.full_mesh() ? 0 : epoch_; }
  std::uint64_t answers() const { return answers_; }
  // Addresses refused as peers', counted when an agent's report changes.
  std::uint64_t addresses_refused() const { return addresses_refused_; }

 private:
  struct Agent;
  struct Node {
    std::string zone;
    bool joined = false;                                        // Is in neighbours_.
    std::array<std::map<std::string_view, Agent*>, 2> members;  // By layer; keys of agents_.
  };
  using Nodes = std::map<std::string, Node, std::less<>>;
  struct Agent {
    std::string_view name;  // The key of agents_.
    Nodes::value_type* node = nullptr;
    Layer layer = Layer::kPod;
    std::vector<IpAddress> addresses;
    std::vector<std::uint32_t> link_mtus;
    std::uint16_t port = 0;
    bool available = false;     // Can be a peer.
    bool answered = false;      // Has an assignment of ours.
    std::uint64_t content = 0;  // A hash of its data in the assignments of its peers.
    std::uint64_t weight = 0;   // A hash of its name: the least ranks first.
    // Of its assignment, as of `version`.
    std::uint64_t revision = 0;
    std::uint64_t version = 0;
  };
  using Agents = std::map<std::string, Agent, std::less<>>;
  struct PeerOf {
    const Agent* agent;
    Peer::Relation relation;
  };

  void update(Agent& agent, const Member& member);
  void take_addresses(Agent& agent, const Member& member);
  void move(Agent& agent, std::string_view node, Layer layer);
  void detach(Agent& agent);
  // Joins or leaves neighbours_ by its agents and its zone.
  void settle(Nodes::value_type& node);
  std::string zone_of(const Node& node) const;
  std::vector<PeerOf> peers_of(const Agent& agent) const;
  std::optional<std::uint32_t> rank_of(const Agent& agent) const;
  std::uint64_t revision_of(Agent& agent);
  Assignment assignment_of(const Agent& agent, std::uint64_t revision) const;
  void hash_settings();

  Options options_;
  Neighbours neighbours_;
  std::uint64_t epoch_ = 0;
  std::uint64_t version_ = 1;   // Counts changes of the data that assignments are made of.
  std::uint64_t settings_ = 0;  // A hash of the part that all assignments share.
  Nodes nodes_;
  Agents agents_;
  // The available agents, by layer. An agent that comes or goes moves at most kRanksMax others.
  std::array<std::set<std::pair<std::uint64_t, const Agent*>>, 2> ranked_;
  std::unordered_map<std::string, std::string> zones_;
  std::uint64_t answers_ = 0;
  std::uint64_t addresses_refused_ = 0;
};

}  // namespace meshcheck::mesh

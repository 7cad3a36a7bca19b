#include "mesh/table/assigner.h"

#include <algorithm>
#include <utility>

#include "lib/base/hex.h"
#include "lib/base/random.h"
#include "mesh/assignment/peer_address.h"
#include "mesh/stamp/hmac.h"

namespace meshcheck::mesh {
namespace {

constexpr std::chrono::seconds kGatheringMin{5};

// Bytes of a peer's JSON besides its names, and of all peers; the rest of an assignment is the
// targets. An agent beside many others of its layer and node gets a part of them.
constexpr std::size_t kPeerSize = 192;
constexpr std::size_t kTargetsSizeMax = 4 * kTargetsMax * (kTargetSizeMax + 3);
constexpr std::size_t kPeersSizeMax = kAssignmentSizeMax - kTargetsSizeMax - 4096;

std::size_t index(Layer layer) {
  return layer == Layer::kPod ? 0 : 1;
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  return Random(hash ^ value).next();
}

// A revision is no secret, so it must tell nothing of the key; it has to change with it.
std::uint64_t fingerprint(const std::string& key) {
  if (key.empty()) return 0;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(key.data());
  const auto secret = stamp::Key::from_bytes({bytes, key.size()});
  if (!secret) return 1;  // Who takes keys refuses short ones.
  std::uint64_t word = 0;
  for (const std::uint8_t byte : secret->sign({})) word = (word << 7U) ^ byte ^ (word >> 57U);
  return word;
}

// An agent that does not say its node is alone on one.
std::string_view place_of(const Assigner::Member& member) {
  return member.node.empty() ? member.name : member.node;
}

std::uint64_t content_of(const Assigner::Member& member) {
  std::uint64_t word = mix(hash(1, member.name), hash(2, member.node));
  for (const IpAddress& address : member.addresses) word = mix(word, hash(3, address.text()));
  // Its peers compare with it the sizes of packets that they get.
  for (const std::uint32_t mtu : member.link_mtus) word = mix(word, mtu);
  return mix(word, member.port);
}

}  // namespace

Assigner::Assigner(Options options)
    : options_(std::move(options)), neighbours_(options_.neighbours, {}, 0) {
  hash_settings();
}

void Assigner::use_key(std::string key) {
  options_.key = std::move(key);
  hash_settings();
}

void Assigner::hash_settings() {
  // What the encoding says of everything but the peers, the key and the epoch.
  const Assignment common{.report_interval = options_.report_interval,
                          .probe = options_.probe,
                          .targets = options_.targets};
  settings_ = mix(hash(4, encode(common)), fingerprint(options_.key));
  ++version_;
}

void Assigner::report(const Member& member) {
  auto position = agents_.find(member.name);
  if (position == agents_.end()) {
    position = agents_.try_emplace(std::string(member.name)).first;
    position->second.name = position->first;
    position->second.weight = hash(5, position->first);
  }
  update(position->second, member);
}

void Assigner::update(Agent& agent, const Member& member) {
  const bool available = may_be_peer_port(member.port) && !member.stopping &&
                         std::any_of(member.addresses.begin(), member.addresses.end(), may_be_peer);
  const std::uint64_t content = content_of(member);
  const bool placed =
      agent.node != nullptr && agent.node->first == place_of(member) && agent.layer == member.layer;
  // The usual report: nothing is new.
  if (placed && agent.available == available && agent.content == content) return;
  ++version_;
  if (!placed) {
    detach(agent);
    move(agent, place_of(member), member.layer);
  }
  agent.available = available;
  agent.content = content;
  take_addresses(agent, member);
  agent.port = member.port;
  auto& ranked = ranked_[index(agent.layer)];
  if (available) {
    ranked.emplace(agent.weight, &agent);
  } else {
    ranked.erase({agent.weight, &agent});
  }
  settle(*agent.node);
}

void Assigner::take_addresses(Agent& agent, const Member& member) {
  agent.addresses.clear();
  agent.link_mtus.clear();
  for (std::size_t i = 0; i < member.addresses.size(); ++i) {
    if (!may_be_peer(member.addresses[i])) {
      ++addresses_refused_;
      continue;
    }
    agent.addresses.push_back(member.addresses[i]);
    if (i < member.link_mtus.size()) agent.link_mtus.push_back(member.link_mtus[i]);
  }
}

void Assigner::move(Agent& agent, std::string_view node, Layer layer) {
  auto position = nodes_.find(node);
  if (position == nodes_.end()) position = nodes_.try_emplace(std::string(node)).first;
  agent.node = &*position;
  agent.layer = layer;
  agent.node->second.members[index(layer)].emplace(agent.name, &agent);
}

void Assigner::detach(Agent& agent) {
  if (agent.node == nullptr) return;
  Nodes::value_type& node = *std::exchange(agent.node, nullptr);
  node.second.members[index(agent.layer)].erase(agent.name);
  ranked_[index(agent.layer)].erase({agent.weight, &agent});
  agent.available = false;
  settle(node);
  const auto& members = node.second.members;
  if (members[0].empty() && members[1].empty()) nodes_.erase(nodes_.find(node.first));
}

void Assigner::leave(std::string_view name) {
  const auto position = agents_.find(name);
  if (position == agents_.end()) return;
  ++version_;
  detach(position->second);
  agents_.erase(position);
}

std::string Assigner::zone_of(const Node& node) const {
  std::string zone;
  for (const auto& layer : node.members) {
    for (const auto& [name, agent] : layer) {
      const auto found = zones_.find(std::string(name));
      // The first in their order, so that it does not depend on who came first.
      if (found == zones_.end() || found->second.empty()) continue;
      if (zone.empty() || found->second < zone) zone = found->second;
    }
  }
  return zone;
}

void Assigner::settle(Nodes::value_type& node) {
  auto& [name, place] = node;
  bool available = false;
  for (const auto& layer : place.members) {
    for (const auto& member : layer) available = available || member.second->available;
  }
  const std::string zone = zone_of(place);
  if (place.joined && (!available || zone != place.zone)) {
    neighbours_.leave(name);
    place.joined = false;
  }
  if (available && !place.joined) {
    neighbours_.join({.name = name, .zone = zone});
    place.joined = true;
    place.zone = zone;
  }
}

void Assigner::set_zones(std::unordered_map<std::string, std::string> zones) {
  zones_ = std::move(zones);
  ++version_;
  for (Nodes::value_type& node : nodes_) settle(node);
}

void Assigner::tick(Now now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.wall.time_since_epoch());
  const auto epoch = static_cast<std::uint64_t>(seconds / options_.epoch);
  if (epoch == epoch_) return;
  epoch_ = epoch;
  neighbours_.begin_epoch(epoch);
  if (!neighbours_.full_mesh()) ++version_;
}

std::vector<Assigner::PeerOf> Assigner::peers_of(const Agent& agent) const {
  std::vector<PeerOf> peers;
  if (!agent.available) return peers;
  const auto slot = neighbours_.find(agent.node->first);
  if (!slot) return peers;
  std::size_t size = 0;
  const auto add = [&](const auto& members, Peer::Relation relation) {
    for (const auto& [name, other] : members) {
      if (!other->available) continue;
      size += kPeerSize + name.size() + other->node->first.size();
      if (size > kPeersSizeMax || peers.size() == kPeersMax) return;
      peers.push_back({other, relation});
    }
  };
  add(agent.node->second.members[1 - index(agent.layer)], Peer::Relation::kTwin);
  for (const Slot peer : neighbours_.peers(*slot)) {
    const Node& node = nodes_.find(neighbours_.node(peer).name)->second;
    add(node.members[index(agent.layer)], Peer::Relation::kPeer);
  }
  return peers;
}

std::optional<std::uint32_t> Assigner::rank_of(const Agent& agent) const {
  std::uint32_t rank = 0;
  for (const auto& [weight, other] : ranked_[index(agent.layer)]) {
    if (rank == kRanksMax) break;
    if (other == &agent) return rank;
    ++rank;
  }
  return std::nullopt;
}

// A revision is a hash of what the assignment says and not a count of changes: a server that begins
// anew computes the same from the same agents, and 20,000 of them need not be told what they have.
// It is made of the hashes that are kept with each agent, without writing the assignment, and only
// after `version_` has moved; so the usual report costs one comparison. A change anywhere moves
// `version_`, since who is whose peer follows from all nodes together, but the revision of most
// agents comes out as before, and they get no answer.
std::uint64_t Assigner::revision_of(Agent& agent) {
  if (agent.version == version_) return agent.revision;
  std::uint64_t sum = 0;  // The order of peers makes no difference.
  for (const PeerOf& peer : peers_of(agent)) {
    sum += mix(peer.agent->content, peer.relation == Peer::Relation::kTwin ? 1 : 0);
  }
  agent.revision = mix(mix(settings_, epoch()), sum);
  if (const auto rank = rank_of(agent)) agent.revision = mix(agent.revision, 1 + *rank);
  agent.version = version_;
  return agent.revision;
}

Assignment Assigner::assignment_of(const Agent& agent, std::uint64_t revision) const {
  Assignment assignment{.revision = to_hex(revision),
                        .epoch = epoch(),
                        .report_interval = options_.report_interval,
                        .probe = options_.probe,
                        .key = options_.key,
                        .targets = options_.targets,
                        .rank = rank_of(agent)};
  for (const PeerOf& peer : peers_of(agent)) {
    const auto& addresses = peer.agent->addresses;
    const bool all = std::all_of(addresses.begin(), addresses.end(), [&](const IpAddress& one) {
      return may_probe(agent.addresses, one);
    });
    if (!all) continue;  // It is on loopback, and this agent is not.
    const std::string& place = peer.agent->node->first;
    assignment.peers.push_back({.name = std::string(peer.agent->name),
                                .node = place == peer.agent->name ? "" : place,
                                .relation = peer.relation,
                                .addresses = addresses,
                                .link_mtus = peer.agent->link_mtus,
                                .port = peer.agent->port});
  }
  const auto by_name = [](const Peer& a, const Peer& b) { return a.name < b.name; };
  std::sort(assignment.peers.begin(), assignment.peers.end(), by_name);
  return assignment;
}

std::optional<std::string> Assigner::answer(const Question& question, Now now) {
  const auto position = agents_.find(question.name);
  if (position == agents_.end()) return std::nullopt;
  Agent& agent = position->second;
  const bool gathering = now.steady - options_.began < 2 * question.report_interval + kGatheringMin;
  if (gathering && !question.held.empty() && !agent.answered) return std::nullopt;
  const std::uint64_t revision = revision_of(agent);
  if (question.held == to_hex(revision) && question.pings.empty()) return std::nullopt;
  ++answers_;
  agent.answered = true;
  Assignment assignment = assignment_of(agent, revision);
  assignment.pings = question.pings;
  return encode(assignment);
}

std::optional<Assigner::Current> Assigner::current(std::string_view name) {
  const auto position = agents_.find(name);
  if (position == agents_.end()) return std::nullopt;
  return Current{.revision = to_hex(revision_of(position->second)), .epoch = epoch()};
}

}  // namespace meshcheck::mesh

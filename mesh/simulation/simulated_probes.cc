// The part of a SimulatedMesh that says what becomes of probes, with the faults in force.
#include <algorithm>
#include <array>
#include <utility>

#include "mesh/simulation/simulated_mesh.h"

namespace meshcheck::verdict::simulation {
namespace {

constexpr Tick kDnsTimeout = 3 * kSecond;
constexpr Tick kPingInterval = 5 * kSecond;
// From a change of sizes to its class, by doc/operate/fragmentation.md: drops, and raises.
constexpr Tick kDropFound = 11 * kSecond;
constexpr std::size_t kDropSpread = 8 * kSecond;
constexpr Tick kRaiseFound = 3 * kSecond;
constexpr std::size_t kRaiseSpread = 12 * kSecond;

}  // namespace

void SimulatedMesh::probe() {
  for (Index path = 0; path < routes_.size(); ++path) {
    const Route& route = routes_[path];
    if (!route.used) continue;
    const bool dns = route.relation == Relation::kTarget;
    const Tick interval = dns ? kDnsInterval : kSecond;
    const Tick phase = (now_ + path) % interval;
    if (phase != 0 && (!dns || phase != kDnsTimeout)) continue;
    const SimulatedAgent& from = agents_[route.from];
    if (!from.running || from.starved_until > now_) continue;
    turn(path, phase == 0);
  }
}

void SimulatedMesh::turn(Index path, bool send) {
  Prober& prober = probers_[path];
  const auto broken = [&] { return prober.path.state() == mesh::PathState::kDown; };
  const bool before = broken();
  const mesh::PathState state = prober.path.state();
  prober.path.turn(now_, prober.under_way);
  if (prober.under_way) {
    prober.under_way = false;
    prober.path.lost(now_, prober.lost_forward);
  }
  if (send) send_probe(path);
  if (routes_[path].between_agents()) ping(path);
  if (broken() != before && state != mesh::PathState::kUnknown) {
    agents_[routes_[path].from].hurried = true;
  }
}

void SimulatedMesh::send_probe(Index path) {
  const Route& route = routes_[path];
  Prober& prober = probers_[path];
  const bool answers = !route.between_agents() || responds(route.to);
  const bool arrives = answers && !happens(prober.loss_forward);
  if (arrives) prober.heard = now_;
  if (arrives && !happens(prober.loss_backward)) {
    prober.path.answered(now_, round_trip(prober));
    return;
  }
  prober.under_way = true;
  prober.lost_forward = !arrives;
}

// As agent/peer_pings.h does: at once when the path is down, and again until it is up. A dead agent
// leaves its network, which answers.
void SimulatedMesh::ping(Index path) {
  Prober& prober = probers_[path];
  if (prober.path.state() != mesh::PathState::kDown) {
    prober.cross_check = mesh::CrossCheck::kNone;
    return;
  }
  if (prober.cross_check != mesh::CrossCheck::kNone && now_ - prober.pinged < kPingInterval) return;
  constexpr std::size_t kOutOf = 1'000'000;
  const bool lost = static_cast<double>(pings_.below(kOutOf)) < prober.ping_loss * double{kOutOf};
  prober.pinged = now_;
  prober.cross_check = lost ? mesh::CrossCheck::kUnanswered : mesh::CrossCheck::kAnswered;
}

// Mostly close to the least, now and then a few times as much.
std::uint32_t SimulatedMesh::round_trip(const Prober& prober) {
  const double high = chance();
  double factor = 1 + 0.3 * high * high * high;
  if (chance() < 0.01) factor *= 1 + 4 * chance();
  return static_cast<std::uint32_t>(prober.base_us * factor) + prober.delay_us;
}

Hop SimulatedMesh::hop_of(const Route& route) const {
  return {.relation = route.relation,
          .layer = agents_[route.from].layer,
          .family = route.family,
          .from = agents_[route.from].node,
          .to = route.between_agents() ? agents_[route.to].node : kNoIndex};
}

void SimulatedMesh::apply_faults(Index path) {
  Prober& prober = probers_[path];
  const Hop there = hop_of(routes_[path]);
  Hop back = there;
  // The way back from a gateway or a target is the same node's.
  if (there.to != kNoIndex) std::swap(back.from, back.to);
  back.answer = true;
  double forward = 1 - options_.loss;
  double backward = 1 - options_.loss;
  double pings = 1;
  prober.delay_us = 0;
  std::array<FragmentationClass, 2> classes{FragmentationClass::kClear, FragmentationClass::kClear};
  for (const Fault& fault : faults_) {
    forward *= 1 - loss_of(fault, there, cluster_);
    backward *= 1 - loss_of(fault, back, cluster_);
    for (Hop hop : {there, back}) {
      hop.ping = true;
      pings *= 1 - loss_of(fault, hop, cluster_);
    }
    prober.delay_us += delay_of(fault, there, cluster_);
    if (!fault.of_sizes() || there.relation != Relation::kPeer) continue;
    classes[0] = std::max(classes[0], size_class_of(fault, there));
    classes[1] = std::max(classes[1], size_class_of(fault, back));
  }
  // Whether the other end is told of a smaller size, this one cannot know.
  if (classes[1] == FragmentationClass::kBlackHole) classes[1] = FragmentationClass::kReduced;
  prober.loss_forward = static_cast<float>(1 - forward);
  prober.loss_backward = static_cast<float>(1 - backward);
  prober.ping_loss = static_cast<float>(1 - pings);
  for (std::size_t way = 0; way < 2; ++way) {
    if (prober.next_classes[way] == classes[way]) continue;
    const bool drop = classes[way] != FragmentationClass::kClear;
    prober.next_classes[way] = classes[way];
    prober.class_at[way] = now_ + (drop ? kDropFound : kRaiseFound) +
                           static_cast<Tick>(random_.below(drop ? kDropSpread : kRaiseSpread));
  }
}

void SimulatedMesh::apply_faults() {
  for (Index path = 0; path < routes_.size(); ++path) {
    if (routes_[path].used) apply_faults(path);
  }
}

}  // namespace meshcheck::verdict::simulation

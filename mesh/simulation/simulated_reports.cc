// The part of a SimulatedMesh that makes agents' reports and brings them to the server.
#include <algorithm>
#include <string>

#include "mesh/simulation/simulated_mesh.h"

namespace meshcheck::verdict::simulation {
namespace {

constexpr Tick kHurryGap = kSecond;
constexpr Tick kRetry = 2 * kSecond;
constexpr Tick kRetransmission = 2;
constexpr Tick kRemembered = 60 * kSecond;  // A reflector forgets what it has not heard for longer.
constexpr std::uint16_t kHostMtu = 1500;
constexpr std::uint16_t kPodMtu = 1450;
constexpr std::uint16_t kPort = 8862;
constexpr std::uint16_t kMissing = 50;  // Of what passes a port that is too small.
constexpr std::string_view kPodGateway = "10.244.0.1";

mesh::PathMtu::Result size_of(FragmentationClass found, Clock::duration age, Layer layer) {
  mesh::PathMtu::Result result;
  result.fragmentation_class = found;
  result.class_age = age;
  result.link_mtu = layer == Layer::kHost ? kHostMtu : kPodMtu;
  const bool reduced =
      found == FragmentationClass::kBlackHole || found == FragmentationClass::kReduced;
  result.size = static_cast<std::uint16_t>(result.link_mtu - (reduced ? kMissing : 0));
  const bool dropped = found == FragmentationClass::kFragmentsDropped;
  result.fragments = dropped ? mesh::FragmentsResult::kLost : mesh::FragmentsResult::kPassed;
  return result;
}

}  // namespace

Tick SimulatedMesh::report_jitter() {
  const auto most = static_cast<std::size_t>(options_.server.report_interval / 20);
  return static_cast<Tick>(random_.below(std::min<std::size_t>(most, 2) + 1));
}

void SimulatedMesh::report() {
  for (Index agent = 0; agent < agents_.size(); ++agent) {
    SimulatedAgent& of = agents_[agent];
    if (!of.running || of.stopping || of.starved_until > now_) continue;
    const bool hurry = of.hurried && now_ - of.last_report >= kHurryGap;
    if (!hurry && now_ < of.next_report) continue;
    if (now_ >= of.next_report) {
      of.next_report = now_ + options_.server.report_interval + report_jitter();
    }
    send_report(agent);
  }
}

void SimulatedMesh::send_report(Index agent) {
  SimulatedAgent& of = agents_[agent];
  of.last_report = now_;
  of.hurried = false;
  double loss = 0;
  for (const Fault& fault : faults_) {
    loss = std::max(loss, report_loss_of(fault, of.node, cluster_));
  }
  if (loss >= 1) {
    of.next_report = std::min(of.next_report, now_ + kRetry);
    return;
  }
  // What is lost of it is sent again.
  Tick delay = static_cast<Tick>(random_.below(2));
  for (int packet = 0; packet < 4; ++packet) delay += happens(loss) ? kRetransmission : 0;
  of.arrives = std::max(of.arrives, now_ + delay);
  if (deliveries_.size() == deliveries_size_) deliveries_.emplace_back();
  Delivery& sent = deliveries_[deliveries_size_++];
  sent.at = of.arrives;
  sent.agent = agent;
  write_report(of, sent.report);
}

void SimulatedMesh::write_report(SimulatedAgent& of, mesh::ProbingReport& report) {
  report.layer = of.layer;
  report.agent_uptime = (now_ - of.started) * kTick;
  report.stopping = of.stopping;
  report.addresses.assign(of.addresses.begin(), of.addresses.end());
  report.port = kPort;
  report.ssid = of.ssid;
  report.starved = of.starved;
  report.paths.resize(of.paths.size());
  for (std::size_t i = 0; i < of.paths.size(); ++i) write_path(of.paths[i], report.paths[i]);
  std::erase_if(of.former, [&](const FormerProber& one) { return now_ - one.heard > kRemembered; });
  write_heard(of, report.heard);
  std::size_t sizes = 0;
  if (options_.sizes) {
    for (const Index path : of.paths) {
      if (routes_[path].relation != Relation::kPeer) continue;
      if (report.mtus.size() == sizes) report.mtus.emplace_back();
      write_sizes(path, report.mtus[sizes++]);
    }
  }
  report.mtus.resize(sizes);
}

void SimulatedMesh::write_heard(const SimulatedAgent& of, std::vector<mesh::Heard>& heard) const {
  heard.clear();
  for (const Index path : of.incoming) {
    const Route& route = routes_[path];
    const SimulatedAgent& from = agents_[route.from];
    if (probers_[path].heard == 0) continue;
    heard.push_back({.address = from.addresses[route.family == PathFamily::kIpv6 ? 1 : 0],
                     .ssid = from.ssid,
                     .age = (now_ - probers_[path].heard) * kTick});
  }
  for (const FormerProber& one : of.former) {
    heard.push_back({.address = one.address, .ssid = one.ssid, .age = (now_ - one.heard) * kTick});
  }
}

void SimulatedMesh::write_path(Index path, mesh::ReportPath& row) const {
  const Route& route = routes_[path];
  const CheapPath& probed = probers_[path].path;
  if (route.between_agents()) {
    row.to = agents_[route.to].name;
  } else if (route.relation == Relation::kTarget) {
    row.to = kDnsName;
  } else {
    row.to = route.to == 0 ? kGatewayName : kPodGateway;
  }
  row.relation = route.relation;
  row.kind = route.kind;
  row.family = route.family;
  row.cross_check = probers_[path].cross_check;
  mesh::PathSummary& summary = row.summary;
  summary.state = probed.state();
  summary.state_age = (now_ - probed.since()) * kTick;
  summary.answer_age.reset();
  if (const auto answer = probed.last_answer()) summary.answer_age = (now_ - *answer) * kTick;
  summary.sent = probed.sent();
  summary.lost = probed.lost_count();
  summary.lost_forward = probed.lost_forward();
  summary.lost_backward = probed.lost_backward();
  summary.round_trips.reset();
  const CheapPath::Times times = probed.times();
  if (times.p50_us == 0) return;
  const std::chrono::microseconds p90(times.p90_us);
  summary.round_trips = {
      .p50 = std::chrono::microseconds(times.p50_us), .p90 = p90, .p99 = p90, .max = p90};
}

void SimulatedMesh::write_sizes(Index path, mesh::ReportPmtu& row) {
  const Route& route = routes_[path];
  Prober& prober = probers_[path];
  row.to = agents_[route.to].name;
  row.relation = route.relation;
  row.family = route.family;
  for (std::size_t way = 0; way < 2; ++way) {
    if (now_ >= prober.class_at[way]) prober.classes[way] = prober.next_classes[way];
    // Until the next one is found, nobody asks since when the old one was.
    const Tick age = std::max<Tick>(now_ - prober.class_at[way], 0);
    row.ways[way] = size_of(prober.classes[way], age * kTick, agents_[route.from].layer);
  }
}

void SimulatedMesh::deliver() {
  std::size_t later = 0;
  for (std::size_t i = 0; i < deliveries_size_; ++i) {
    if (deliveries_[i].at > now_) {
      if (i != later) std::swap(deliveries_[i], deliveries_[later]);
      ++later;
      continue;
    }
    const Index agent = deliveries_[i].agent;
    const SimulatedAgent& of = agents_[agent];
    if (!server_.receive(agent, deliveries_[i].report, now_)) continue;
    if (!of.running || of.stopping) continue;
    join(of.node);
    if (of.assigned != version_) assign(agent, false);
  }
  deliveries_size_ = later;
}

}  // namespace meshcheck::verdict::simulation

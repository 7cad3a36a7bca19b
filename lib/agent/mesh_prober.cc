#include "lib/agent/mesh_prober.h"

#include <algorithm>
#include <random>

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;

std::uint16_t random_ssid() {
  std::random_device random;
  return std::uniform_int_distribution<std::uint16_t>(1, 0xffff)(random);
}

std::optional<stamp::Key> key_of(const std::string& secret) {
  if (secret.empty()) return std::nullopt;
  auto key =
      stamp::Key::from_bytes({reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()});
  if (!key) return std::nullopt;
  return *std::move(key);
}

// What is worst comes first, since a report may have no room for all.
int urgency(const mesh::ReportPath& path) {
  switch (path.summary.state) {
    case mesh::PathState::kDown:
      return 0;
    case mesh::PathState::kDegraded:
      return 1;
    case mesh::PathState::kUnknown:
      return 2;
    case mesh::PathState::kUp:
      return 3;
  }
  return 3;
}

}  // namespace

MeshProber::MeshProber(uv::Loop& loop, const Config& config, const std::function<void()>& on_change)
    : loop_(loop),
      config_(config),
      ssid_(random_ssid()),
      stamp_(loop, {.ssid = ssid_}, on_change),
      targets_(loop, config.log, on_change),
      key_timer_(loop, [this] { stamp_.set_key(key_of(secret_)); }) {
  start_reflector();
  watch_gateways();
  targets_.set_targets(config_.targets);
}

void MeshProber::start_reflector() {
  probe::StampReflector::Options options{.port = config_.probe_port,
                                         .open = config_.probe_port_open};
  auto started = probe::StampReflector::start(loop_, options);
  if (!started || !started->missing().empty()) {
    // Another agent on this network may have the port. Peers are told which one it is.
    options.port = 0;
    auto elsewhere = probe::StampReflector::start(loop_, options);
    if (elsewhere && (!started || elsewhere->missing().empty())) {
      config_.log.warning("probes are answered on another port",
                          {{"error", started ? started->missing() : started.error().message()},
                           {"port", elsewhere->port()}});
      started = std::move(elsewhere);
    }
  }
  if (!started) {
    config_.log.error("probes are not answered", {{"error", started.error().message()}});
    return;
  }
  reflector_.emplace(*std::move(started));
  if (!reflector_->missing().empty()) {
    config_.log.info("probes of one family are not answered", {{"why", reflector_->missing()}});
  }
}

void MeshProber::watch_gateways() {
  auto started = GatewayWatcher::start(
      loop_, config_.log, [this](const auto& gateways) { targets_.set_gateways(gateways); });
  if (started) {
    gateways_.emplace(*std::move(started));
  } else {
    config_.log.error("gateways are not probed", {{"error", started.error().message()}});
  }
}

void MeshProber::assign(mesh::Assignment assignment) {
  const bool first = !assigned();
  assignment_ = std::move(assignment);
  stamp_.set_settings(assignment_.probe.interval, assignment_.probe.timeout);
  targets_.set_settings(assignment_.probe.interval, assignment_.probe.timeout);
  if (first || assignment_.key != secret_) take_key(assignment_.key);
  take_peers();
  mesh::Targets targets = config_.targets;
  targets.add(assignment_.targets);
  targets_.set_targets(targets);
}

void MeshProber::take_key(const std::string& secret) {
  const std::string before = std::exchange(secret_, secret);
  if (reflector_) {
    reflector_->set_keys(key_of(secret), key_of(before));
    reflector_->set_open(config_.probe_port_open || secret.empty());
  }
  if (before.empty()) {
    stamp_.set_key(key_of(secret));
    return;
  }
  config_.log.info("the mesh has a new key");
  key_timer_.start(2 * milliseconds(config_.interval) + milliseconds(1000));
}

void MeshProber::take_peers() {
  std::map<std::pair<std::string, Endpoint>, std::uint32_t> ids;
  std::vector<probe::StampProber::Target> targets;
  peers_.clear();
  for (const mesh::Peer& peer : assignment_.peers) {
    for (const IpAddress& address : peer.addresses) {
      const std::pair key(peer.name, Endpoint{.address = address, .port = peer.port});
      const auto known = ids_.find(key);
      const std::uint32_t id = known == ids_.end() ? next_id_++ : known->second;
      if (!ids.emplace(key, id).second) continue;
      const bool twin = peer.relation == mesh::Peer::Relation::kTwin;
      targets.push_back({.id = id, .endpoint = key.second, .counted = !twin});
      peers_.push_back({.id = id,
                        .to = peer.name,
                        .relation = twin ? mesh::Relation::kTwin : mesh::Relation::kPeer,
                        .family = mesh::path_family(address)});
    }
  }
  ids_ = std::move(ids);
  stamp_.set_paths(targets);
}

void MeshProber::describe(mesh::MeshReport& report) {
  const auto now = Clock::now();
  report.ssid = ssid_;
  report.assignment = assignment_.revision;
  report.icmp = targets_.icmp();
  report.starved = stamp_.counts().starved;
  report.totals = stamp_.totals();
  report.round_trips = stamp_.round_trips();
  report.receive_drops = stamp_.counts().receive_drops;
  bool kernel_times = stamp_.kernel_times();
  if (reflector_) {
    report.port = reflector_->port();
    report.heard = reflector_->heard(now);
    reflector_drops_ += reflector_->count_drops();
    report.receive_drops += reflector_drops_;
    kernel_times = kernel_times && reflector_->kernel_times();
  }
  report.clock = kernel_times ? "kernel" : "user";
  report.paths = targets_.rows(now);
  for (const PeerPath& peer : peers_) {
    const mesh::Path* const path = stamp_.path(peer.id);
    if (path == nullptr) continue;
    report.paths.push_back({.to = peer.to,
                            .relation = peer.relation,
                            .kind = mesh::ProbeKind::kStamp,
                            .family = peer.family,
                            .summary = path->summary(now)});
  }
  std::stable_sort(report.paths.begin(), report.paths.end(),
                   [](const auto& a, const auto& b) { return urgency(a) < urgency(b); });
}

}  // namespace meshcheck::agent

#include "agent/probing/mesh_prober.h"

#include <algorithm>
#include <limits>
#include <random>

#include "mesh/assignment/peer_address.h"

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;

std::uint16_t random_ssid() {
  std::random_device random;
  return std::uniform_int_distribution<std::uint16_t>(1, 0xffff)(random);
}

// Reflectors count the probes of a session: those of sizes are not to be mixed up with the others.
std::uint16_t after(std::uint16_t ssid) {
  return ssid == std::numeric_limits<std::uint16_t>::max() ? std::uint16_t{1}
                                                           : static_cast<std::uint16_t>(ssid + 1);
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

int urgency(const mesh::ReportPmtu& mtu) {
  int most = 3;
  for (const mesh::PathMtu::Result& way : mtu.ways) {
    switch (way.fragmentation_class) {
      case mesh::FragmentationClass::kBlackHole:
      case mesh::FragmentationClass::kFragmentsDropped:
        most = std::min(most, 0);
        break;
      case mesh::FragmentationClass::kReduced:
      case mesh::FragmentationClass::kReducedSignalled:
        most = std::min(most, 1);
        break;
      case mesh::FragmentationClass::kDown:
      case mesh::FragmentationClass::kUnknown:
        most = std::min(most, 2);
        break;
      case mesh::FragmentationClass::kClear:
        break;
    }
  }
  return most;
}

template <typename Row>
void sort_by_urgency(std::vector<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return urgency(a) < urgency(b); });
}

}  // namespace

MeshProber::MeshProber(uv::Loop& loop, const Config& config, const std::function<void()>& on_change)
    : loop_(loop),
      config_(config),
      ssid_(random_ssid()),
      stamp_(loop, {.ssid = ssid_},
             [this, on_change] {
               pings_.look();
               on_change();
             }),
      sizes_(
          loop, {.ssid = after(ssid_)}, [this](std::uint32_t id) { return state_of(id); },
          on_change),
      fragments_(loop, {}, [this](std::uint32_t id) { return stamp_.path(id); }),
      pings_(
          loop, {}, [this](std::uint32_t id) { return state_of(id); }, on_change),
      ordered_(loop, config.log, after(after(ssid_)), on_change),
      targets_(loop, config.log, on_change),
      key_timer_(loop, [this] { ask_with_key(); }) {
  start_reflector();
  watch_gateways();
  targets_.set_targets(config_.targets);
}

mesh::PathState MeshProber::state_of(std::uint32_t id) const {
  const mesh::Path* const path = stamp_.path(id);
  return path == nullptr ? mesh::PathState::kUnknown : path->state();
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
  ordered_.take(
      assignment_.pings, [this](const Endpoint& peer) { return may_probe(peer); },
      [this] { return key_of(secret_); });
}

void MeshProber::take_key(const std::string& secret) {
  const std::string before = std::exchange(secret_, secret);
  if (reflector_) {
    reflector_->set_keys(key_of(secret), key_of(before));
    reflector_->set_open(config_.probe_port_open || secret.empty());
  }
  if (before.empty()) {
    ask_with_key();
    return;
  }
  config_.log.info("the mesh has a new key");
  key_timer_.start(2 * milliseconds(config_.interval) + milliseconds(1000));
}

void MeshProber::ask_with_key() {
  stamp_.set_key(key_of(secret_));
  sizes_.set_key(key_of(secret_));
}

void MeshProber::take_peers() {
  std::map<std::pair<std::string, Endpoint>, std::uint32_t> ids;
  std::vector<probe::StampProber::Target> targets;
  peers_.clear();
  for (const mesh::Peer& peer : assignment_.peers) {
    for (std::size_t i = 0; i < peer.addresses.size(); ++i) {
      const IpAddress& address = peer.addresses[i];
      const std::pair key(peer.name, Endpoint{.address = address, .port = peer.port});
      if (!may_probe(key.second)) {
        config_.log.warning("a peer is not probed: its address is this agent's, or no host's",
                            {{"peer", peer.name}, {"address", key.second.text()}});
        continue;
      }
      const auto known = ids_.find(key);
      const std::uint32_t id = known == ids_.end() ? next_id_++ : known->second;
      if (!ids.emplace(key, id).second) continue;
      const bool twin = peer.relation == mesh::Peer::Relation::kTwin;
      targets.push_back({.id = id, .endpoint = key.second, .counted = !twin});
      peers_.push_back({.id = id,
                        .to = peer.name,
                        .relation = twin ? mesh::Relation::kTwin : mesh::Relation::kPeer,
                        .family = mesh::path_family(address),
                        .endpoint = key.second,
                        .link_mtu = i < peer.link_mtus.size() ? peer.link_mtus[i] : 0});
    }
  }
  ids_ = std::move(ids);
  stamp_.set_paths(targets);
  set_size_paths();
}

bool MeshProber::may_probe(const Endpoint& peer) const {
  if (!mesh::may_probe(own_addresses_, peer.address) || !mesh::may_be_peer_port(peer.port)) {
    return false;
  }
  const bool own =
      std::find(own_addresses_.begin(), own_addresses_.end(), peer.address) != own_addresses_.end();
  return !own || !reflector_ || peer.port != reflector_->port();
}

void MeshProber::set_size_paths() {
  std::vector<probe::PmtuProber::Target> sizes;
  std::vector<IcmpFragments::Target> fragments;
  std::vector<PeerPings::Target> pings;
  for (const PeerPath& peer : peers_) {
    std::uint32_t own = own_link_mtus_[index_of(peer.endpoint.address.family())];
    std::uint32_t other = peer.link_mtu;
    // Between the two networks of a node packets take neither's way out, but the pod's own link.
    if (peer.relation == mesh::Relation::kTwin) own = other = std::min(own, other);
    sizes.push_back(
        {.id = peer.id, .endpoint = peer.endpoint, .own_link_mtu = own, .peer_link_mtu = other});
    fragments.push_back(
        {.id = peer.id, .address = peer.endpoint.address, .link_mtu = std::max(own, other)});
    pings.push_back({.id = peer.id, .address = peer.endpoint.address});
  }
  sizes_.set_paths(sizes);
  fragments_.set_paths(fragments);
  pings_.set_paths(pings);
}

void MeshProber::set_link_mtus(const std::array<std::uint32_t, 2>& mtus) {
  if (mtus == own_link_mtus_) return;
  own_link_mtus_ = mtus;
  set_size_paths();
}

void MeshProber::count_drops() {
  if (!reflector_) return;
  reflector_drops_ += reflector_->count_drops();
  const std::uint64_t limited = reflector_->counts().limited;
  if (limited == unanswered_) return;
  config_.log.warning("probes were not answered: more was asked for than is sent in a second",
                      {{"probes", limited - unanswered_}});
  unanswered_ = limited;
}

checks::PathCounts MeshProber::path_counts() const {
  checks::PathCounts counts;
  for (const PeerPath& peer : peers_) {
    const mesh::Path* const path = stamp_.path(peer.id);
    if (path == nullptr || peer.relation != mesh::Relation::kPeer) continue;
    const mesh::PathState state = path->state();
    if (state == mesh::PathState::kDown) {
      ++counts.down;
    } else if (state == mesh::PathState::kUnknown) {
      ++counts.unknown;
    } else {
      ++counts.up;
    }
  }
  return counts;
}

void MeshProber::describe(mesh::ProbingReport& report) {
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
    report.receive_drops += reflector_drops_;
    kernel_times = kernel_times && reflector_->kernel_times();
  }
  report.clock = kernel_times ? "kernel" : "user";
  describe_paths(report);
  report.pings = ordered_.results();
}

void MeshProber::describe_paths(mesh::ProbingReport& report) const {
  const auto now = Clock::now();
  report.paths = targets_.rows(now);
  for (const PeerPath& peer : peers_) {
    const mesh::Path* const path = stamp_.path(peer.id);
    if (path == nullptr) continue;
    report.paths.push_back({.to = peer.to,
                            .relation = peer.relation,
                            .kind = mesh::ProbeKind::kStamp,
                            .family = peer.family,
                            .summary = path->summary(now),
                            .cross_check = pings_.result(peer.id)});
    const mesh::PathMtu* const sizes = sizes_.path(peer.id);
    if (sizes == nullptr) continue;
    report.mtus.push_back({.to = peer.to,
                           .relation = peer.relation,
                           .family = peer.family,
                           .ways = {sizes->result(mesh::Direction::kForward, now),
                                    sizes->result(mesh::Direction::kBackward, now)},
                           .icmp_fragments = fragments_.result(peer.id)});
  }
  sort_by_urgency(report.paths);
  sort_by_urgency(report.mtus);
}

}  // namespace meshcheck::agent

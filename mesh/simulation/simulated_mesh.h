// For tests and bench/diagnosis: a cluster of agents that probe each other, from one seed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "mesh/neighbours/neighbours.h"
#include "mesh/report/probing_report.h"
#include "mesh/simulation/cheap_path.h"
#include "mesh/simulation/simulated_fault.h"
#include "mesh/simulation/simulated_server.h"

namespace meshcheck::verdict::simulation {

// The two ends of a path.
struct Route {
  Index from = kNoIndex;
  Index to = kNoIndex;  // An agent, or 0 if it is a gateway or the DNS.
  Relation relation = Relation::kPeer;
  ProbeKind kind = ProbeKind::kStamp;
  PathFamily family = PathFamily::kIpv4;
  bool used = false;

  bool between_agents() const { return relation <= Relation::kTwin; }
};

// Nodes with two agents each, the real mesh::Neighbours, and a server made of the real one's parts.
// Each probe has its own loss and time. Agents send real reports each interval, with jitter and
// delay, and at once when a path goes down or comes back. Steps of 200 ms. Equal seeds give equal
// runs. doc/operate/verdicts.md lists the simplifications.
class SimulatedMesh {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::size_t nodes = 20;
    std::size_t zones = 3;
    bool ipv6 = false;   // In addition to IPv4.
    bool sizes = false;  // Sizes of packets are searched for.
    SimulatedServer::Options server;
    double loss = 0.001;         // Of each packet, always.
    Tick epoch = 300 * kSecond;  // Of the neighbours.
  };

  explicit SimulatedMesh(const Options& options);

  void step();
  Tick now() const { return now_; }
  const View& view() { return server_.view(now_); }
  const Cluster& cluster() const { return cluster_; }
  Random& random() { return random_; }
  std::size_t paths() const;
  // A node that `node` probes in this epoch; kNoIndex if `node` is dead.
  Index peer_of(Index node);

  void inject(const Fault& fault);
  void heal();  // All faults.
  // Says goodbye, ends, and begins anew after `pause`.
  void restart(Index agent, Tick pause);
  // A node is drained and removed, and comes back later as if it were another.
  void remove_node(Index node, Tick pause);
  void set_api_away(bool away) { server_.set_api_away(away, now_); }

 private:
  static constexpr Tick kDnsInterval = 5 * kSecond;

  struct Prober {  // An agent's side of a path.
    CheapPath path{0};
    float loss_forward = 0;
    float loss_backward = 0;
    std::uint32_t base_us = 0;
    std::uint32_t delay_us = 0;
    // Of a peer that is asked by pings while the path is down.
    float ping_loss = 0;  // There and back.
    Tick pinged = 0;
    mesh::CrossCheck cross_check = mesh::CrossCheck::kNone;
    bool under_way = false;  // Not answered, and will be lost.
    bool lost_forward = false;
    Tick heard = 0;  // By the other end.
    std::array<FragmentationClass, 2> classes{FragmentationClass::kClear,
                                              FragmentationClass::kClear};
    std::array<FragmentationClass, 2> next_classes = classes;
    // When the next class will be found; after that, when the class began.
    std::array<Tick, 2> class_at{};
  };
  struct FormerProber {  // It has another peer now; the reflector remembers it for a minute.
    IpAddress address;
    std::uint16_t ssid = 0;
    Tick heard = 0;
  };
  struct SimulatedAgent {
    Index node = kNoIndex;
    Layer layer = Layer::kPod;
    bool running = false;
    bool hurried = false;
    bool stopping = false;
    std::uint16_t ssid = 0;
    std::uint64_t starved = 0;  // How often, in this session.
    Tick starved_until = 0;
    Tick started = 0;
    Tick next_report = 0;
    Tick last_report = 0;
    Tick arrives = 0;  // That report: the next one is not faster.
    std::optional<Tick> start_at;
    std::optional<Tick> stop_at;
    std::optional<Tick> forget_at;
    std::uint64_t assigned = 0;  // As of this version of the mesh.
    std::vector<Index> paths;
    std::vector<Index> incoming;
    std::vector<FormerProber> former;
    std::string name;
    std::array<IpAddress, 2> addresses;  // IPv4, IPv6
  };
  struct Delivery {
    Tick at = 0;
    Index agent = kNoIndex;
    mesh::ProbingReport report;
  };

  double chance() { return static_cast<double>(random_.next() >> 11U) * 0x1.0p-53; }
  bool happens(double probability) { return probability > 0 && chance() < probability; }
  bool responds(Index agent) const;
  Tick report_jitter();

  void lay_out();
  void start(Index agent, bool settled);
  void stop(Index agent);
  void join(Index node);  // With its first report, unless it is there.
  void run_lifecycle();
  Index add_path(const Route& route, bool settled);
  void remove_path(Index path);
  void assign(Index agent, bool settled);
  void begin_epoch();
  void probe();
  void turn(Index path, bool send);
  void send_probe(Index path);
  void ping(Index path);
  std::uint32_t round_trip(const Prober& prober);
  void report();
  void send_report(Index agent);
  void write_report(SimulatedAgent& of, mesh::ProbingReport& report);
  void write_heard(const SimulatedAgent& of, std::vector<mesh::Heard>& heard) const;
  void write_path(Index path, mesh::ReportPath& row) const;
  void write_sizes(Index path, mesh::ReportPmtu& row);
  void deliver();
  void apply_faults();
  void apply_faults(Index path);
  Hop hop_of(const Route& route) const;

  Options options_;
  Random random_;
  Random pings_;  // Of their own, so that they change nothing of the probes.
  Cluster cluster_;
  mesh::Neighbours neighbours_;
  std::uint64_t version_ = 1;  // Counts changes of the members.
  Tick now_ = 0;
  std::vector<SimulatedAgent> agents_;
  std::vector<Route> routes_;
  std::vector<Prober> probers_;
  std::vector<Index> free_;
  std::vector<Fault> faults_;
  std::vector<Delivery>
      deliveries_;  // The first `deliveries_size_` are under way; the rest keep memory.
  std::size_t deliveries_size_ = 0;
  std::uint16_t last_ssid_ = 0;
  std::vector<bool> present_;  // By node: in neighbours_.
  SimulatedServer server_;
};

}  // namespace meshcheck::verdict::simulation

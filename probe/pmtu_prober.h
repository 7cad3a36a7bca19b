// Finds out which sizes of packets the STAMP paths of an agent carry, both ways.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"
#include "lib/uv/timer.h"
#include "mesh/report/probing_report.h"
#include "probe/endpoint_hash.h"
#include "probe/pmtu_path.h"
#include "probe/sweep_clock.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {

// One socket a family, so that all probes of a path have the same port and take the same way, and
// one timer for all paths. The results of a path whose target left are kept for a while, and used
// again for a new target with the same endpoint. Lives on the loop's thread and stays where it was
// made. Bounds: those of Options, and 2 KB a path.
class PmtuProber {
 public:
  static constexpr std::chrono::milliseconds kTurn{10};
  // A path's state for small probes may be unknown for this long, as after its agent was starved,
  // before the results of its sizes are dropped.
  static constexpr std::chrono::seconds kUnknownMax{5};

  struct Options {
    mesh::PathMtu::Options mtu;  // Over IPv6 no size below 1280 is tried.
    std::uint16_t ssid = 0;      // Not zero, and not that of other probes: reflectors count by it.
    std::size_t targets_max = 2 * mesh::kReportPathsMax;
    std::size_t turn_max = 20;  // Probes in kTurn, of all paths: 2,000 a second.
    // Between the begin of one new path and the next.
    std::chrono::milliseconds stagger{10};
    std::chrono::seconds parked_for{600};  // How long a path is kept whose target left, ...
    std::size_t parked_max = 256;          // ... and how many such paths.
  };

  struct Target {
    std::uint32_t id = 0;  // The caller's; each its own.
    Endpoint endpoint;     // Each its own.
    // 0: unknown. Without the own one no size is probed, without the peer's there is no class
    // backward.
    std::uint32_t own_link_mtu = 0;
    std::uint32_t peer_link_mtu = 0;
  };

  struct Counts {
    std::uint64_t sent = 0;       // Probes.
    std::uint64_t starved = 0;    // How often this loop was late, or packets were dropped.
    std::uint64_t unmatched = 0;  // Not from a probed target, or no answer to a probe.
  };

  // The state of a target's path for small probes; called a few times a second.
  using StateOf = std::function<mesh::PathState(std::uint32_t id)>;

  // `on_change` is called from the loop when a path's class became a fault, or one ended; it may
  // call anything here, but not destroy the prober.
  PmtuProber(uv::Loop& loop, const Options& options, StateOf state_of,
             std::function<void()> on_change);
  ~PmtuProber();
  PmtuProber(const PmtuProber&) = delete;
  PmtuProber& operator=(const PmtuProber&) = delete;

  // A target whose id or endpoint is taken already, and those beyond targets_max, are left out.
  void set_paths(const std::vector<Target>& targets);
  // None: unauthenticated mode.
  void set_key(std::optional<stamp::Key> key);

  const mesh::PathMtu* path(std::uint32_t id) const;  // None: there is no such target.
  const Counts& counts() const { return counts_; }

 private:
  struct Item;
  using Items = std::unordered_map<Endpoint, std::unique_ptr<Item>, EndpointHash>;
  struct Parked {
    Clock::time_point since;
    std::unique_ptr<Item> item;
  };

  std::optional<TimestampedSocket>& socket_of(const IpAddress& address);
  void open_socket(const IpAddress& address);
  std::unique_ptr<Item> make(const Target& target);
  std::unique_ptr<Item> unpark(const Endpoint& endpoint);
  void park(std::unique_ptr<Item> item, Clock::time_point now);
  void forget_parked(Clock::time_point now);
  Item* find(const Endpoint& endpoint);
  void reschedule(Item& item);
  void arm();
  void turn();
  void send(Item& item, Clock::time_point now);
  void on_received(const TimestampedSocket::Received& received);
  void on_failure(const TimestampedSocket::Failure& failure);
  bool drain();
  bool was_starved(Clock::time_point now);
  void sweep();
  void tell_state(Item& item, Clock::time_point now);

  uv::Loop& loop_;
  Options options_;
  mesh::PathMtu::Options ipv6_mtu_;
  StateOf state_of_;
  std::function<void()> on_change_;
  std::unique_ptr<stamp::Key> key_;
  Items items_;
  std::unordered_map<std::uint32_t, Item*> by_id_;
  std::set<std::pair<Clock::time_point, Item*>> schedule_;  // By the time of their next work.
  std::deque<Parked> parked_;                               // Longest first.
  std::uint64_t first_sequence_ = 0;                        // Of a new path.
  Clock::time_point next_start_;                            // Of a new path.
  Clock::time_point turned_;
  Clock::time_point swept_;
  std::optional<Clock::time_point> armed_for_;
  SweepClock sweeps_;
  Counts counts_;
  std::array<std::optional<TimestampedSocket>, 2> sockets_;
  uv::Timer turn_timer_;
  uv::Timer sweep_timer_;
};

}  // namespace meshcheck::probe

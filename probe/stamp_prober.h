// Probes all STAMP paths of an agent over a few sockets that they share.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"
#include "lib/uv/timer.h"
#include "mesh/path/stamp_path.h"
#include "mesh/report/probing_report.h"
#include "probe/endpoint_hash.h"
#include "probe/pace_timer.h"
#include "probe/sweep_clock.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {

// Each family has `source_ports` sockets, opened when a target needs them; each time round, all
// paths are probed from the next one, so that each path in turn takes the ways that routers choose
// by port. Probes are spread over the interval by a Pacer. Lives on the loop's thread and stays
// where it was made. Bounds: `targets_max`, and per turn of the loop those of Pacer and
// TimestampedSocket.
class StampProber {
 public:
  struct Options {
    std::chrono::milliseconds interval{1000};  // Between two probes of a path.
    std::chrono::milliseconds timeout{1000};
    std::size_t source_ports = 4;
    std::uint16_t ssid = 0;      // Not zero, and another one at each start of the agent.
    std::size_t probe_size = 0;  // Bytes of UDP payload, at most kProbeSizeMax.
    bool kernel_times = true;
    stamp::ErrorEstimate error;  // Of our clock.
    std::size_t targets_max = 2 * mesh::kReportPathsMax;
  };
  static constexpr std::size_t kProbeSizeMax = 2000;

  struct Target {
    std::uint32_t id = 0;  // The caller's; each its own.
    Endpoint endpoint;     // Each its own: replies are told apart by their source.
    bool counted = true;   // In totals() and round_trips().
  };

  struct Counts {
    std::uint64_t starved = 0;  // How often this loop was late, or packets were dropped.
    std::uint64_t receive_drops =
        0;  // Packets that the kernel dropped because they were not read in time.
    std::uint64_t unmatched = 0;  // Not from a probed target, or no answer to a probe.
  };

  // `on_change` is called from the loop when paths went down or came back; it may call anything
  // here, but not destroy the prober.
  StampProber(uv::Loop& loop, const Options& options, std::function<void()> on_change);
  ~StampProber();
  StampProber(const StampProber&) = delete;
  StampProber& operator=(const StampProber&) = delete;

  // Paths whose target is unchanged go on. A target whose id or endpoint is taken already, and
  // those beyond targets_max, are left out.
  void set_paths(const std::vector<Target>& targets);
  // None: unauthenticated mode. Probes under way are not judged. To be called only for a new key.
  void set_key(std::optional<stamp::Key> key);
  // When the settings change, all paths begin anew.
  void set_settings(std::chrono::milliseconds interval, std::chrono::milliseconds timeout);

  const mesh::Path* path(std::uint32_t id) const;  // None: there is no such target.
  // Over the life of the prober, also of paths that are gone.
  mesh::PathTotals totals() const;
  const mesh::RttHistogram& round_trips() const { return round_trips_; }
  const Counts& counts() const { return counts_; }
  // False: some times are of our own clock.
  bool kernel_times() const;

 private:
  struct Item;
  struct Family {
    std::vector<TimestampedSocket> sockets;
    std::string error;  // Why there are none.
  };

  Family& family_of(const IpAddress& address);
  void open_sockets(const IpAddress& address);
  mesh::StampPath make_path(Clock::time_point now) const;
  void retire(const Item& item);
  void probe_due(std::size_t due);
  void probe(Item& item, mesh::StampPath::Now now);
  void on_received(const TimestampedSocket::Received& received);
  void on_transmitted(const TimestampedSocket::Transmitted& sent);
  void on_failure(const TimestampedSocket::Failure& failure);
  void sweep();
  bool drain();
  bool was_starved(Clock::time_point now);

  uv::Loop& loop_;
  Options options_;
  std::function<void()> on_change_;
  std::unique_ptr<stamp::Key> key_;
  std::vector<std::unique_ptr<Item>> items_;  // In the order in which they are probed.
  std::unordered_map<std::uint32_t, Item*> by_id_;
  std::unordered_map<Endpoint, Item*, EndpointHash> by_endpoint_;
  std::size_t next_ = 0;   // The next one to be probed.
  std::size_t round_ = 0;  // How often all were probed.
  SweepClock sweeps_;
  mesh::PathTotals retired_;
  mesh::RttHistogram round_trips_;
  Counts counts_;
  std::array<Family, 2> families_;
  PaceTimer pace_timer_;
  uv::Timer sweep_timer_;
};

}  // namespace meshcheck::probe

// Whether peers whose paths are down answer pings.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"
#include "lib/uv/loop.h"
#include "lib/uv/timer.h"
#include "mesh/path/path.h"
#include "mesh/report/probing_report.h"
#include "probe/icmp_prober.h"
#include "probe/sweep_clock.h"

namespace meshcheck::agent {

// A second opinion: a peer that answers pings and no probes has its UDP port closed, and its
// network works. One echo when a path goes down, and another each kInterval while it stays so. One
// that is lost, or that the kernel did not send, is followed by another at the next turn; two that
// are lost in a row are no chance. On the loop's thread; stays where it was made. Bounds: kPingsMax
// in kPingsPeriod, so that a network that broke is not flooded.
class PeerPings {
 public:
  static constexpr std::chrono::milliseconds kInterval{5000};
  static constexpr int kMissesMin = 2;
  static constexpr std::size_t kPingsMax = 20;
  static constexpr std::chrono::milliseconds kPingsPeriod{200};

  struct Options {
    std::chrono::milliseconds timeout{1000};
    std::chrono::milliseconds interval = kInterval;  // More than the timeout.
    probe::IcmpProber::Options icmp;
  };
  struct Target {
    std::uint32_t id = 0;  // The caller's; each its own.
    IpAddress address;
  };
  // How a target's path is for probes.
  using StateOf = std::function<mesh::PathState(std::uint32_t id)>;

  // `on_known`: a result changed. It may call all but set_paths() and look().
  PeerPings(uv::Loop& loop, const Options& options, StateOf state_of,
            std::function<void()> on_known);
  PeerPings(const PeerPings&) = delete;
  PeerPings& operator=(const PeerPings&) = delete;

  // A target that keeps its id and address keeps its result.
  void set_paths(const std::vector<Target>& targets);
  // Pings the peers whose paths are down. To be called at once then, and a few times a second.
  void look();
  // As of the last echoes. kNone: the path is not down, nothing is known yet, or there are no pings
  // here.
  mesh::CrossCheck result(std::uint32_t id) const;

 private:
  struct Item {
    IpAddress address;
    std::uint64_t sequence = 0;  // Of its last echo; 0: none was sent.
    Clock::time_point asked;
    bool waits = false;    // For the answer to that.
    bool refused = false;  // The kernel did not send it: no room or no permission.
    int misses = 0;        // In a row.
    mesh::CrossCheck result = mesh::CrossCheck::kNone;
  };

  bool is_due(const Item& item, Clock::time_point now) const;
  void ask(Clock::time_point now);
  void ask_those(bool again, Clock::time_point now);
  static bool miss(Item& item);
  void on_reply(const probe::IcmpProber::Reply& reply);
  void on_failure(const probe::IcmpProber::Failure& failure);

  const Options options_;
  StateOf state_of_;
  std::function<void()> on_known_;
  probe::IcmpProber icmp_;
  std::map<std::uint32_t, Item> items_;
  std::uint64_t next_sequence_ = 1;
  std::uint32_t next_ = 0;  // The target whose turn it is, if it still exists.
  std::size_t pings_ = 0;   // Since `period_`.
  Clock::time_point period_;
  probe::SweepClock sweeps_;
  uv::Timer timer_;
};

}  // namespace meshcheck::agent

// Probes gateways and configured targets, and knows how each path is.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/probing/gateway_watcher.h"
#include "lib/base/log.h"
#include "lib/base/time.h"
#include "lib/uv/loop.h"
#include "lib/uv/timer.h"
#include "mesh/assignment/targets.h"
#include "mesh/path/path.h"
#include "mesh/report/probing_report.h"
#include "probe/dns_client.h"
#include "probe/icmp_prober.h"
#include "probe/pace_timer.h"
#include "probe/sweep_clock.h"
#include "probe/trouble.h"

namespace meshcheck::agent {

// Gateways by ICMP echo at the mesh's pace, targets each in its own way and more slowly, both
// spread evenly. Names are looked up from time to time and after a failure, which also moves on to
// the next address of a name. Bounds: kGatewaysMax paths and kTargetsMax in each of four lists, one
// look-up and one TCP, UDP or DNS probe of each under way. On the loop's thread; stays where it was
// made.
class TargetProber {
 public:
  struct Options {
    std::chrono::milliseconds target_interval{5000};
    std::chrono::milliseconds target_timeout{3000};  // Not more than the interval.
    std::chrono::milliseconds lookup_age_max{30'000};
    probe::DnsClient::Options dns;
    probe::IcmpProber::Options icmp;
  };

  // `on_change` is called from the loop when paths went down or came back; it may call anything
  // here, but not destroy the prober.
  TargetProber(uv::Loop& loop, const Log& log, std::function<void()> on_change);
  TargetProber(uv::Loop& loop, const Log& log, const Options& options,
               std::function<void()> on_change);
  ~TargetProber();
  TargetProber(const TargetProber&) = delete;
  TargetProber& operator=(const TargetProber&) = delete;

  // A target that was there before keeps its history. REQUIRES: check_target() accepts each target.
  void set_gateways(const std::vector<WatchedGateway>& gateways);
  void set_targets(const mesh::Targets& targets);
  // Settings of the gateways' probes. When they change, the gateways' paths begin anew.
  void set_settings(std::chrono::milliseconds interval, std::chrono::milliseconds timeout);

  // The probes under way are not judged. The prober also calls this itself when the loop was late.
  void starved();

  // Gateways first.
  std::vector<mesh::ReportPath> rows(Clock::time_point now) const;
  // "datagram", "raw", or why there is no ICMP.
  std::string icmp() const { return icmp_.kind(); }

 private:
  struct Item;
  struct Group {  // Of one pace.
    Group(uv::Loop& loop, Clock::duration interval, std::function<void(std::size_t)> on_due);

    std::vector<std::unique_ptr<Item>> items;
    std::size_t next = 0;  // The next one to be probed.
    mesh::Path::Options path;
    probe::PaceTimer timer;
  };
  using Items = std::vector<std::unique_ptr<Item>>;

  void take(Group& group, Items items);
  void probe_due(Group& group, std::size_t due);
  void probe(Item& item);
  void probe_icmp(Item& item);
  template <typename Probe>
  void probe_endpoint(Item& item, std::optional<Probe>& probe);
  void probe_dns(Item& item);
  void refresh(Item& item);
  void looked_up(Item& item, const probe::DnsOutcome& outcome);
  std::uint64_t sent(Item& item);
  void finished(Item& item, std::uint64_t sequence, std::chrono::nanoseconds round_trip);
  void failed(Item& item, std::uint64_t sequence, const probe::Trouble& trouble);
  void on_reply(const probe::IcmpProber::Reply& reply);
  void sweep();
  bool was_starved(Clock::time_point now);
  Item* find(std::uint32_t id);

  uv::Loop& loop_;
  const Options options_;
  std::function<void()> on_change_;
  probe::IcmpProber icmp_;
  probe::DnsClient dns_;
  std::uint32_t next_id_ = 0;
  std::unordered_map<std::uint32_t, Item*> by_id_;
  Group gateways_;
  Group targets_;
  probe::SweepClock sweeps_;
  uv::Timer sweep_timer_;
};

}  // namespace meshcheck::agent

// Gathers the data of one report.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/reporting/network_facts.h"
#include "agent/reporting/own_addresses.h"
#include "agent/server_access.h"
#include "lib/http/client.h"
#include "lib/uv/resolver.h"
#include "lib/uv/timer.h"
#include "mesh/report/report.h"
#include "probe/http_round.h"

namespace meshcheck::agent {

// Probes every URL and looks up the server's name side by side, waits for both, at most
// Config::probe_timeout(), and then asks the kernel. So a report holds the probes of its own round;
// a report of netchecker's agent holds those of the round before. One gathering at a time, on the
// loop's thread. `access` and `config` outlive it.
class Gatherer {
 public:
  // The report lacks only `mesh.loop_lag_*` and `mesh.history`, which the agent adds.
  using OnDone = std::function<void(mesh::Report)>;

  Gatherer(uv::Loop& loop, http::Client& client, ServerAccess& access, const Config& config);

  // REQUIRES: no other gathering under way.
  void start(OnDone on_done);
  bool busy() const { return on_done_ != nullptr; }

  // The MTUs of the links that carry the addresses for probes, as of the last gathering, in bytes,
  // IPv4's and IPv6's; 0: unknown.
  const std::array<std::uint32_t, 2>& link_mtus() const { return link_mtus_; }

 private:
  void prepare_ping(http::ClientRequest& request);
  void start_lookup();
  void finish_lookup(Result<std::vector<IpAddress>> addresses);
  void give_up_lookup();
  void finish_if_complete();
  void add_kernel_facts(mesh::Report& report);
  void add_addresses(const netlink::Snapshot& snapshot, mesh::ProbingReport& report);
  void tell_of_addresses(const std::vector<OwnAddress>& addresses,
                         const std::vector<IpAddress>& missing);

  uv::Loop& loop_;
  http::Client& client_;
  ServerAccess& access_;
  const Config& config_;
  std::string lookup_name_;
  std::string boot_id_;
  NetworkReader network_;
  std::array<std::uint32_t, 2> link_mtus_{};
  std::vector<std::string> server_addresses_;  // Of the last look-up that found some.
  std::string told_addresses_;                 // This agent's own, as last logged, ...
  std::vector<IpAddress> told_missing_;        // ... and of those that no link has.
  OnDone on_done_;                             // Empty between gatherings.
  std::optional<probe::HttpRound> probes_;
  std::optional<std::vector<mesh::HttpProbe>> probe_results_;
  // A look-up that takes longer than a gathering stays and serves the next one: the resolver's
  // thread cannot be stopped, and a queue of them would only grow.
  std::optional<uv::Lookup> lookup_;
  bool lookup_awaited_ = false;
  std::optional<std::vector<std::string>> lookup_addresses_;
  uv::Timer lookup_deadline_;
};

}  // namespace meshcheck::agent

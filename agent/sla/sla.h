// The agent's part of the SLA: its checks, and the way of their episodes to the server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "agent/config.h"
#include "agent/server_access.h"
#include "agent/sla/episode_exporter.h"
#include "agent/sla/kube_access.h"
#include "checks/context.h"
#include "checks/runner.h"
#include "lib/http/client.h"
#include "lib/uv/loop.h"
#include "probe/dns_client.h"

namespace meshcheck::agent {

// On the loop's thread, which never waits for the disk.
class Sla {
 public:
  // Connections of all checks together.
  static constexpr std::size_t kConnectionsMax = 128;

  // An error names the check whose keys are wrong. A spool that cannot be used is an error in the
  // log, and episodes are kept in memory. `paths`: see checks::Context; `config` and `access`
  // outlive it.
  static Result<std::unique_ptr<Sla>> start(uv::Loop& loop, const Config& config,
                                            ServerAccess& access,
                                            std::function<checks::PathCounts()> paths);

  // The rank of the last assignment; nothing: no assignment, or beyond the ranked agents. It
  // decides whether this agent runs the checks that only some agents run.
  void set_rank(std::optional<std::uint32_t> rank);

 private:
  Sla(uv::Loop& loop, const Config& config, ServerAccess& access,
      std::function<checks::PathCounts()> paths);
  Result<std::vector<checks::Runner::Item>> make_checks();
  Result<std::unique_ptr<checks::Check>> make_other(const sla::CheckSpec& spec);
  store::Connection open_spool() const;

  uv::Loop& loop_;
  const Config& config_;
  http::Client client_;
  probe::DnsClient dns_;
  std::unique_ptr<KubeAccess> kube_;  // None: no check looks at Kubernetes.
  checks::Context context_;
  EpisodeExporter exporter_;
  std::optional<checks::Runner> runner_;
};

}  // namespace meshcheck::agent

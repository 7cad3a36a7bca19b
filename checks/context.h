// The parts of an agent that checks use.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "checks/check.h"
#include "lib/base/result.h"
#include "lib/http/client.h"
#include "lib/uv/loop.h"
#include "mesh/sla/check_spec.h"
#include "probe/dns_client.h"

namespace meshcheck::checks {

// The mesh paths of this agent to peers of its layer.
struct PathCounts {
  std::size_t up = 0;  // Those that lose some probes included.
  std::size_t down = 0;
  std::size_t unknown = 0;
};

// It and all that it refers to outlive the checks that are made with it.
struct Context {
  uv::Loop& loop;
  http::Client& client;
  probe::DnsClient& dns;
  // For `path`; none: there is no mesh.
  std::function<PathCounts()> paths;
  // Makes checks of other folders, such as those of Kubernetes; an unknown checker is an error.
  // None: there are no others.
  std::function<Result<std::unique_ptr<Check>>(const sla::CheckSpec&)> make_other;
};

}  // namespace meshcheck::checks

// What checks are made of besides their own keys.
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

// Outlives the checks that are made with it, and so does all that it refers to.
struct Context {
  uv::Loop& loop;
  http::Client& client;
  probe::DnsClient& dns;
  // For `path`; none: there is no mesh.
  std::function<PathCounts()> paths;
  // For checkers that are not of this folder's own, such as those of Kubernetes; it says of others
  // that it does not know them. None: there are no others.
  std::function<Result<std::unique_ptr<Check>>(const sla::CheckSpec&)> make_other;
};

}  // namespace meshcheck::checks

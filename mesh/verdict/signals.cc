#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {

Observation observe(const Evidence& evidence, Index at) {
  const Path& path = evidence.view.paths[at];
  return {.path = at,
          .tail = evidence.node_of(path.from),
          .head = evidence.node_of(path.to),
          .layer = evidence.layer_of(path.from),
          .ipv6 = path.family == PathFamily::kIpv6,
          .since = path.since};
}

Finding finding_of(const Evidence& evidence, const Explanation& found, Severity severity) {
  return {.subject = found.subject,
          .scope = found.scope,
          .way = found.way,
          .family = evidence.both_families ? found.family : PathFamily::kNone,
          .severity = severity,
          .failing = found.failing,
          .observed = found.observed,
          .since = found.since};
}

}  // namespace meshcheck::verdict

#include "mesh/verdict/diagnosis.h"

#include <algorithm>

#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {

std::vector<Finding> diagnose(const View& view) {
  Evidence evidence(view);
  Findings findings;
  find_unreachable(evidence, findings);
  find_broken_edges(evidence, findings);
  find_size_faults(evidence, findings);
  find_loss(evidence, findings);
  find_new_loss(evidence, findings);
  find_latency(evidence, findings);
  find_agent_faults(evidence, findings);
  find_identity_faults(view, findings);
  for (Finding& finding : findings) excuse(view, finding);
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  if (findings.size() > kFindingsMax) findings.resize(kFindingsMax);
  return findings;
}

}  // namespace meshcheck::verdict

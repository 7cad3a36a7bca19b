// Agents that cannot be told apart: two of one name, or several at one address.
#include <algorithm>

#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

constexpr std::size_t kIdentityFindingsMax = 32;

Finding of_agent(const View& view, Index at, Kind kind) {
  const Agent& agent = view.agents[at];
  return {.kind = kind,
          .subject = {.type = Type::kAgent, .first = at},
          .scope = agent.layer == Layer::kHost ? Scope::kHost : Scope::kPod,
          .severity = Severity::kWarning,
          .failing = 2,
          .observed = 2,
          .since = agent.reported};
}

// One for all agents that share an address with the first of them.
Finding of_address(const View& view, Index first) {
  Finding finding = of_agent(view, first, Kind::kAddressConflict);
  finding.failing = 0;
  for (Index at = 0; at < view.agents.size(); ++at) {
    if (view.agents[at].same_address != first) continue;
    ++finding.failing;
    if (at != first && finding.subject.second == kNoIndex) finding.subject.second = at;
    if (view.agents[at].layer != view.agents[first].layer) finding.scope = Scope::kBoth;
  }
  finding.observed = finding.failing;
  return finding;
}

}  // namespace

void find_identity_faults(const View& view, Findings& findings) {
  std::size_t left = kIdentityFindingsMax;
  for (Index at = 0; at < view.agents.size() && left > 0; ++at) {
    if (view.agents[at].duplicated) {
      findings.push_back(of_agent(view, at, Kind::kDuplicateAgent));
      --left;
    }
    if (view.agents[at].same_address == at && left > 0) {
      findings.push_back(of_address(view, at));
      --left;
    }
  }
}

}  // namespace meshcheck::verdict

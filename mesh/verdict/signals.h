// The parts of a diagnosis, one for each kind of signal. In this order: later ones leave out what
// earlier ones explain.
#pragma once

#include <vector>

#include "mesh/verdict/cover.h"
#include "mesh/verdict/evidence.h"
#include "mesh/verdict/finding.h"

namespace meshcheck::verdict {

using Findings = std::vector<Finding>;

// What several signals begin with: a path that fails neither way so far, and what was explained,
// without a kind and without evidence.
Observation observe(const Evidence& evidence, Index path);
Finding finding_of(const Evidence& evidence, const Explanation& found, Severity severity);

// What is down between agents: nodes, agents, layers, zones, pairs.
void find_unreachable(Evidence& evidence, Findings& findings);
// What is down elsewhere: twins, gateways, targets.
void find_broken_edges(const Evidence& evidence, Findings& findings);
void find_loss(const Evidence& evidence, Findings& findings);
// The same, of the last seconds and on many paths at once; where the other did not find any.
void find_new_loss(const Evidence& evidence, Findings& findings);
void find_latency(const Evidence& evidence, Findings& findings);
void find_size_faults(const Evidence& evidence, Findings& findings);
// Agents that do not reach the server, were starved, or whose clock was set.
void find_agent_faults(const Evidence& evidence, Findings& findings);
// Agents of one name or at one address.
void find_identity_faults(const View& view, Findings& findings);

}  // namespace meshcheck::verdict

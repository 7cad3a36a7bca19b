// The parts of a diagnosis, one for each kind of signal. In this order: later ones leave out what
// earlier ones explain.
#pragma once

#include <cstdint>
#include <vector>

#include "mesh/verdict/cover.h"
#include "mesh/verdict/evidence.h"
#include "mesh/verdict/finding.h"

namespace meshcheck::verdict {

using Findings = std::vector<Finding>;

// Losses in one way, and a fifth of that in the other: that is no chance.
inline constexpr std::uint64_t kOtherWayMin = 5;

// The observation of a path that several signals begin with, good in both ways so far.
Observation observe(const Evidence& evidence, Index path);
Finding finding_of(const Evidence& evidence, const Explanation& found, Severity severity);

// Faults between agents: nodes, agents, layers, zones, pairs.
void find_unreachable(Evidence& evidence, Findings& findings);
// Faults of other paths: twins, gateways, targets.
void find_broken_edges(const Evidence& evidence, Findings& findings);
void find_loss(const Evidence& evidence, Findings& findings);
// Recent loss on many paths at once, where find_loss() found none.
void find_new_loss(const Evidence& evidence, Findings& findings);
void find_latency(const Evidence& evidence, Findings& findings);
void find_size_faults(const Evidence& evidence, Findings& findings);
// Agents that do not reach the server, were starved, or whose clock was set.
void find_agent_faults(const Evidence& evidence, Findings& findings);
// Agents of one name or at one address.
void find_identity_faults(const View& view, Findings& findings);

}  // namespace meshcheck::verdict

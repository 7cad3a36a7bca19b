// From the mesh of paths to named faults. doc/operate/verdicts.md has the method and its limits.
#pragma once

#include <cstddef>
#include <vector>

#include "mesh/verdict/finding.h"
#include "mesh/verdict/view.h"

namespace meshcheck::verdict {

inline constexpr std::size_t kFindingsMax = 128;

// The faults that explain the view, worst first; of more than kFindingsMax the least severe are
// left out. Pure, deterministic and without memory: VerdictTracker notices faults that are new,
// gone or flapping.
std::vector<Finding> diagnose(const View& view);

}  // namespace meshcheck::verdict

// A verdict in words: one sentence, and the command to run next.
#pragma once

#include <string>

#include "lib/base/time.h"
#include "mesh/verdict/named_finding.h"

namespace meshcheck::verdict {

// Both clocks at one moment, to say when something began.
struct Moment {
  Clock::time_point steady;
  WallTime wall;
};

// "pod network of node-7 is broken (14 of 14 paths, host network fine, since 12:03:07)", in UTC.
// Says what is known and no cause that is only likely.
std::string sentence(const NamedFinding& named, Moment now);

// What a person would run next; names and addresses are those of the finding, and where one is not
// known it stands in capitals, as NODE. Names are quoted for a shell if they have to be.
std::string next_command(const NamedFinding& named);

}  // namespace meshcheck::verdict

// A verdict in words: one sentence (sentence.cc), and the command to run next (next_command.cc).
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
// States known facts, and no cause that is only likely.
std::string sentence(const NamedFinding& named, Moment now);

// The operator's next command: one complete line for a shell, and in a comment behind it the node
// to run it on, if that matters. Names are quoted if they have to be.
std::string next_command(const NamedFinding& named);

}  // namespace meshcheck::verdict

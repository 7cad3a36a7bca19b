// The whole of an agent's program.
#pragma once

#include "agent/config.h"

namespace meshcheck::agent {

// The body of main(): reads flags and environment, runs the agent and ends the process with its
// exit code, without waiting for a look-up that hangs.
[[noreturn]] void run(const Program& program, int argc, const char* const* argv);

}  // namespace meshcheck::agent

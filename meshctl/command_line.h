// The command line: global flags and a command.
#pragma once

#include <string>
#include <vector>

#include "meshctl/program.h"

namespace meshcheck::meshctl {

// Returns the exit code. `arguments` are those behind the program's name.
int run_command_line(Program& program, std::vector<std::string> arguments);

}  // namespace meshcheck::meshctl

// meshctl: what people and scripts ask a meshcheck server with.
#include <clocale>
#include <cstdlib>
#include <string>

#include "meshctl/command_line.h"

namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

int main(int argc, char** argv) {
  // Names are UTF-8, whatever the terminal is; the rest of the locale stays C.
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
  meshcheck::meshctl::Program program(variable);
  return meshcheck::meshctl::run_command_line(program, {argv + (argc > 0 ? 1 : 0), argv + argc});
}

// Assignments of any server. What is accepted is the same after it was written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mesh/assignment/assignment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshcheck::mesh;
  const auto assignment = parse_assignment({reinterpret_cast<const char*>(data), size});
  if (!assignment) return 0;
  const auto again = parse_assignment(encode(*assignment));
  if (!again || *again != *assignment) std::abort();
  for (const auto& target : assignment->targets.tcp_ping) {
    if (split_host_port(target).port == 0) std::abort();
  }
  return 0;
}

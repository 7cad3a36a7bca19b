// Inventory files: an operator's, but a mistake in one must never end the server.
#include <cstddef>
#include <cstdint>
#include <string>

#include "server/agents/inventory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(
      meshcheck::server::parse_inventory(std::string(reinterpret_cast<const char*>(data), size)));
  return 0;
}

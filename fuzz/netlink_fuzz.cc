// Netlink datagrams: the kernel's, but of any version.
#include <cstddef>
#include <cstdint>

#include "lib/netlink/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshcheck::netlink;
  Bytes bytes(data, size);
  while (const auto message = next_message(bytes)) {
    static_cast<void>(parse_event(*message));
    static_cast<void>(parse_cached_mtu(*message));
  }
  return 0;
}

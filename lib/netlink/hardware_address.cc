#include "lib/netlink/hardware_address.h"

#include <algorithm>
#include <string_view>

#include "lib/base/hex.h"

namespace meshcheck::netlink {

HardwareAddress HardwareAddress::from_bytes(std::span<const std::uint8_t> bytes) {
  HardwareAddress address;
  address.size_ = static_cast<std::uint8_t>(std::min(bytes.size(), kSizeMax));
  std::copy_n(bytes.begin(), address.size_, address.bytes_.begin());
  return address;
}

std::string HardwareAddress::text() const {
  std::string text;
  for (const std::uint8_t byte : bytes()) {
    if (!text.empty()) text += ':';
    text += to_hex(std::string_view(reinterpret_cast<const char*>(&byte), 1));
  }
  return text;
}

}  // namespace meshcheck::netlink

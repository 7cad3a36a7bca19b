#include "lib/netlink/hardware_address.h"

#include <algorithm>
#include <string_view>

namespace meshcheck::netlink {

HardwareAddress HardwareAddress::from_bytes(std::span<const std::uint8_t> bytes) {
  HardwareAddress address;
  address.size_ = static_cast<std::uint8_t>(std::min(bytes.size(), kSizeMax));
  std::copy_n(bytes.begin(), address.size_, address.bytes_.begin());
  return address;
}

std::string HardwareAddress::text() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes()) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xfU];
  }
  return text;
}

}  // namespace meshcheck::netlink

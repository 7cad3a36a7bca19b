// A link-layer address as a value.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>

namespace meshcheck::netlink {

// 0 to 32 bytes: 6 for Ethernet, 4 or 16 for tunnels, 20 for InfiniBand, none for other links.
class HardwareAddress {
 public:
  static constexpr std::size_t kSizeMax = 32;

  HardwareAddress() = default;
  // Bytes beyond kSizeMax are cut off; the kernel has no longer addresses.
  static HardwareAddress from_bytes(std::span<const std::uint8_t> bytes);

  std::span<const std::uint8_t> bytes() const { return std::span(bytes_).first(size_); }
  bool empty() const { return size_ == 0; }
  std::string text() const;  // "02:42:ac:11:00:02"

  friend auto operator<=>(const HardwareAddress&, const HardwareAddress&) = default;

 private:
  std::uint8_t size_ = 0;
  std::array<std::uint8_t, kSizeMax> bytes_{};
};

}  // namespace meshcheck::netlink

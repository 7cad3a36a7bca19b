// IPv4 and IPv6 addresses and endpoints as values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.h"

struct sockaddr;
struct sockaddr_storage;

namespace meshcheck {

// 4 or 16 bytes in network order.
class IpAddress {
 public:
  enum class Family : std::uint8_t { kIpv4, kIpv6 };

  IpAddress() = default;  // 0.0.0.0
  // `bytes` is 4 or 16 long.
  static IpAddress from_bytes(std::span<const std::uint8_t> bytes);
  static Result<IpAddress> parse(std::string_view text);  // No brackets, no zone, no prefix.

  Family family() const { return family_; }
  std::span<const std::uint8_t> bytes() const {
    return std::span(bytes_).first(family_ == Family::kIpv4 ? 4 : 16);
  }
  std::string text() const;
  bool is_loopback() const;  // 127.0.0.0/8 and ::1 (RFC 6890)

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Family family_ = Family::kIpv4;
  std::array<std::uint8_t, 16> bytes_{};
};

// For arrays of two: IPv4, IPv6.
constexpr std::size_t index_of(IpAddress::Family family) {
  return family == IpAddress::Family::kIpv4 ? 0 : 1;
}

// Only root may listen on lower ports, which belong to the system's services.
inline constexpr std::uint16_t kUnprivilegedPortMin = 1024;

// An address and a port; `scope` is the interface index of a link-local IPv6 address, else 0.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  std::uint32_t scope = 0;

  // "0.0.0.0:8081", "[::1]:8081", and Go's ":8081" for every address of both families. Names are
  // not looked up. The error names the missing part.
  static Result<Endpoint> parse(std::string_view text);
  // Of family AF_INET or AF_INET6, else the empty endpoint.
  static Endpoint from_sockaddr(const sockaddr* address);
  // Fills `storage` and returns it as the system calls want it.
  const sockaddr* to_sockaddr(sockaddr_storage& storage) const;

  std::string text() const;  // As parse() reads it.

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace meshcheck

// The kernel's control messages of a packet: its times, addresses and errors.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"

namespace meshcheck::probe {

// More than all messages that timestamped_socket.cc asks for.
inline constexpr std::size_t kControlSizeMax = 256;
struct alignas(cmsghdr) ControlBuffer : std::array<std::uint8_t, kControlSizeMax> {};

struct ControlData {
  struct Error {  // sock_extended_err: see ip(7), IP_RECVERR.
    int number = 0;
    std::uint8_t origin = 0;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t info = 0;
    std::uint32_t data = 0;
    std::optional<IpAddress> reporter;
  };

  std::optional<WallTime> time;
  IpAddress local;
  std::uint8_t ttl = 0;  // Or hop limit.
  std::optional<Error> error;
};
ControlData read_control(const msghdr& header);

// Writes the message that makes the kernel send a packet from `address`; `link` is an interface's
// index or 0. Returns the message's size.
std::size_t put_source(const IpAddress& address, std::uint32_t link, ControlBuffer& buffer);

}  // namespace meshcheck::probe

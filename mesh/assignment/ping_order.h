// The server's order to one agent: ping another agent now, and report the result.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "lib/base/ip_address.h"
#include "mesh/report/ping_result.h"

namespace meshcheck::mesh {

inline constexpr std::uint32_t kPingSizeMax = 9216;  // Bytes of an IP packet: a jumbo frame's.
inline constexpr std::chrono::milliseconds kPingInterval{200};  // Between two probes.
inline constexpr std::chrono::milliseconds kPingTimeout{1000};  // For the answer to one.

struct PingOrder {
  std::uint64_t id = 0;  // Chosen by the server; never 0.
  std::string to;        // The agent's name.
  Endpoint endpoint;     // Of its reflector.
  // Bytes of the IP packets there and back, which are not cut into fragments; 0, or fewer than a
  // probe needs: as few as possible.
  std::uint32_t size = 0;
  std::uint32_t count = 3;  // Of probes; 1 to kPingCountMax.

  friend bool operator==(const PingOrder&, const PingOrder&) = default;
};

// From the first probe until the result is known, at most.
constexpr std::chrono::milliseconds duration_of(const PingOrder& order) {
  return order.count * kPingInterval + kPingTimeout;
}

}  // namespace meshcheck::mesh

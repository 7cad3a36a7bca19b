// The kernel's figures of a TCP connection (TCP_INFO).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace meshcheck::http {

struct TcpInfo {
  std::uint32_t mss = 0;   // Bytes that a segment may carry to the peer.
  std::uint32_t pmtu = 0;  // The path's MTU as the kernel knows it, in bytes of an IP packet.
  std::uint32_t retransmits = 0;
  std::chrono::microseconds round_trip{0};
  std::uint64_t acknowledged = 0;  // Bytes that the peer's kernel has, the SYN counted as one.
  bool pending = false;            // Some wait to be sent or to be acknowledged.
};

// Nothing: it is no TCP socket. The last `farewell` bytes do not count as pending: a TLS session
// announces its end, which is no part of a request.
std::optional<TcpInfo> read_tcp_info(int socket, std::uint64_t farewell = 0);

}  // namespace meshcheck::http

// What the kernel knows of a TCP connection (TCP_INFO).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace meshcheck::http {

struct TcpInfo {
  std::uint32_t mss = 0;   // Bytes that a segment may carry to the peer.
  std::uint32_t pmtu = 0;  // What the kernel believes of the path, in bytes of an IP packet.
  std::uint32_t retransmits = 0;
  std::chrono::microseconds round_trip{0};
  std::uint64_t acknowledged = 0;  // Bytes that the peer's kernel has, the SYN counted as one.
  bool pending = false;            // Some wait to be sent or to be acknowledged.
};

// Nothing: it is no TCP socket. So many last bytes are not called pending: a TLS session that ends
// says so first, and that is no part of a request.
std::optional<TcpInfo> read_tcp_info(int socket, std::uint64_t farewell = 0);

}  // namespace meshcheck::http

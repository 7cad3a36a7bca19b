#include "lib/http/tcp_info.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace meshcheck::http {

std::optional<TcpInfo> read_tcp_info(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  // An older kernel fills less; the rest stays zero.
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  // A connection that was reset has emptied its queues: what was sent is then compared with what
  // was acknowledged, of which the SYN is one.
  const std::uint64_t sent = 1 + info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
  return TcpInfo{.mss = info.tcpi_snd_mss,
                 .pmtu = info.tcpi_pmtu,
                 .retransmits = info.tcpi_total_retrans,
                 .round_trip = std::chrono::microseconds(info.tcpi_rtt),
                 .acknowledged = info.tcpi_bytes_acked,
                 .pending = info.tcpi_unacked != 0 || info.tcpi_notsent_bytes != 0 ||
                            info.tcpi_bytes_acked < sent};
}

}  // namespace meshcheck::http

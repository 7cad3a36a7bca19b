#include "lib/http/tcp_info.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

namespace meshcheck::http {

std::optional<TcpInfo> read_tcp_info(int socket, std::uint64_t farewell) {
  tcp_info info{};
  socklen_t size = sizeof info;
  // An older kernel fills less; the rest stays zero.
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  // A connection that was reset has emptied its queues: the bytes sent are then compared with those
  // acknowledged. The SYN counts as one of both.
  const std::uint64_t sent = 1 + info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
  const std::uint64_t unacknowledged = sent - std::min<std::uint64_t>(sent, info.tcpi_bytes_acked);
  const bool waits = info.tcpi_unacked != 0 || info.tcpi_notsent_bytes != 0 || unacknowledged > 0;
  return TcpInfo{
      .mss = info.tcpi_snd_mss,
      .pmtu = info.tcpi_pmtu,
      .retransmits = info.tcpi_total_retrans,
      .round_trip = std::chrono::microseconds(info.tcpi_rtt),
      .acknowledged = info.tcpi_bytes_acked,
      .pending = farewell == 0 ? waits : info.tcpi_notsent_bytes + unacknowledged > farewell};
}

}  // namespace meshcheck::http

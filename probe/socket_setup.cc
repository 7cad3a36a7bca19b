#include "probe/socket_setup.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "probe/packet_batches.h"

namespace meshcheck::probe {
namespace {

using Fragmentation = TimestampedSocket::Fragmentation;
using Kind = TimestampedSocket::Kind;
using Options = TimestampedSocket::Options;

constexpr int kReceiveFlags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
                              SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;

template <typename Value>
bool set(const Descriptor& socket, int level, int name, const Value& value) {
  return setsockopt(socket.get(), level, name, &value, sizeof value) == 0;
}
bool enable(const Descriptor& socket, int level, int name) {
  return set(socket, level, name, int{1});
}

void pass_echo_replies_only(const Descriptor& socket, bool ipv4) {
  if (ipv4) {
    // A bit that is set keeps its type away.
    set(socket, SOL_RAW, ICMP_FILTER, icmp_filter{.data = ~(1U << ICMP_ECHOREPLY)});
    return;
  }
  icmp6_filter filter;
  std::memset(&filter, 0xff, sizeof filter);
  filter.data[ICMPV6_ECHO_REPLY / 32] &= ~(1U << (ICMPV6_ECHO_REPLY % 32));
  set(socket, SOL_ICMPV6, ICMPV6_FILTER, filter);
}

}  // namespace

bool is_ipv4(const Options& options) {
  return options.local.address.family() == IpAddress::Family::kIpv4;
}

Result<Descriptor> open_descriptor(const Options& options) {
  const bool ipv4 = is_ipv4(options);
  const int type = options.kind == Kind::kIcmpRaw ? SOCK_RAW : SOCK_DGRAM;
  const int icmp = ipv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  Descriptor opened(socket(ipv4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
                           options.kind == Kind::kUdp ? 0 : icmp));
  const char* const what = options.kind == Kind::kUdp            ? "open a UDP socket"
                           : options.kind == Kind::kIcmpDatagram ? "open an ICMP datagram socket"
                                                                 : "open an ICMP raw socket";
  if (opened.get() < 0) return Error::from_errno(what, errno);
  return opened;
}

Result<void> configure(const Descriptor& socket, const Options& options) {
  const bool ipv4 = is_ipv4(options);
  const int level = ipv4 ? int{IPPROTO_IP} : int{IPPROTO_IPV6};
  if (!ipv4) enable(socket, IPPROTO_IPV6, IPV6_V6ONLY);
  if (options.kind == Kind::kIcmpRaw) pass_echo_replies_only(socket, ipv4);
  if (options.wants_local_address) enable(socket, level, ipv4 ? IP_PKTINFO : IPV6_RECVPKTINFO);
  if (options.wants_ttl) enable(socket, level, ipv4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT);
  enable(socket, level, ipv4 ? IP_RECVERR : IPV6_RECVERR);
  // FORCE goes beyond net.core.rmem_max and needs a capability that few have.
  if (!set(socket, SOL_SOCKET, SO_RCVBUFFORCE, options.receive_buffer_bytes)) {
    set(socket, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
  }
  Address address;
  const socklen_t size = put_address(options.local, address);
  if (bind(socket.get(), &address.generic, size) != 0) {
    return Error::from_errno("bind " + options.local.text(), errno);
  }
  return {};
}

bool count_packets_anew(const Descriptor& socket) {
  return set(socket, SOL_SOCKET, SO_TIMESTAMPING, kReceiveFlags) &&
         set(socket, SOL_SOCKET, SO_TIMESTAMPING, kReceiveFlags | SOF_TIMESTAMPING_OPT_ID);
}

int discovery_of(Fragmentation fragmentation, bool ipv4, int by_default) {
  switch (fragmentation) {
    case Fragmentation::kDefault:
      break;
    case Fragmentation::kNever:
    case Fragmentation::kUnlessTooLarge:
      static_assert(IP_PMTUDISC_PROBE == IPV6_PMTUDISC_PROBE);
      return IP_PMTUDISC_PROBE;
    case Fragmentation::kAllowed:
      // By the link's MTU: IP_PMTUDISC_DONT would go by what the kernel remembers of the path. Over
      // IPv6 it has to, since no router makes fragments any smaller.
      return ipv4 ? IP_PMTUDISC_OMIT : IPV6_PMTUDISC_DONT;
  }
  return by_default;
}

int read_discovery(const Descriptor& socket, bool ipv4) {
  int discovery = 0;
  socklen_t size = sizeof discovery;
  getsockopt(socket.get(), ipv4 ? int{IPPROTO_IP} : int{IPPROTO_IPV6},
             ipv4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &discovery, &size);
  return discovery;
}

bool write_discovery(const Descriptor& socket, bool ipv4, int discovery) {
  return ipv4 ? set(socket, IPPROTO_IP, IP_MTU_DISCOVER, discovery)
              : set(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, discovery);
}

}  // namespace meshcheck::probe

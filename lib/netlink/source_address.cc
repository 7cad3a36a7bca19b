#include "lib/netlink/source_address.h"

#include <linux/in6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace meshcheck::netlink {
namespace {

// Any one does: nothing is sent.
constexpr std::uint16_t kDiscardPort = 9;

std::optional<IpAddress> source_of(int descriptor, const IpAddress& destination) {
  if (destination.family() == IpAddress::Family::kIpv6) {
    // Temporary addresses change each day. Where the kernel does not know this, it has none.
    const int preference = IPV6_PREFER_SRC_PUBLIC;
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, &preference, sizeof preference);
  }
  sockaddr_storage storage{};
  const sockaddr* const to =
      Endpoint{.address = destination, .port = kDiscardPort}.to_sockaddr(storage);
  const socklen_t size = to->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (connect(descriptor, to, size) != 0) return std::nullopt;
  sockaddr_storage own{};
  socklen_t own_size = sizeof own;
  auto* const own_address = reinterpret_cast<sockaddr*>(&own);
  if (getsockname(descriptor, own_address, &own_size) != 0) return std::nullopt;
  return Endpoint::from_sockaddr(own_address).address;
}

}  // namespace

std::optional<IpAddress> source_address(const IpAddress& destination) {
  const int family = destination.family() == IpAddress::Family::kIpv4 ? AF_INET : AF_INET6;
  const int descriptor = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::nullopt;
  auto source = source_of(descriptor, destination);
  close(descriptor);
  return source;
}

}  // namespace meshcheck::netlink

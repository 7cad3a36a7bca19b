#include "lib/netlink/offloads.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "lib/netlink/link.h"

namespace meshcheck::netlink {
namespace {

std::optional<bool> read_flag(int socket, const std::string& link_name, std::uint32_t command) {
  ethtool_value value{.cmd = command, .data = 0};
  ifreq request{};
  if (link_name.size() >= sizeof request.ifr_name) return std::nullopt;
  std::copy(link_name.begin(), link_name.end(), request.ifr_name);
  request.ifr_data = reinterpret_cast<char*>(&value);
  if (ioctl(socket, SIOCETHTOOL, &request) != 0) return std::nullopt;
  return value.data != 0;
}

}  // namespace

// By the old calls: netlink's own would tell of every link of the node, each time and with names of
// features that have to be looked up.
void read_offloads(std::span<Link> links) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  for (Link& link : links) {
    if (!link.running) continue;
    link.offloads = {.tso = read_flag(socket, link.name, ETHTOOL_GTSO),
                     .gso = read_flag(socket, link.name, ETHTOOL_GGSO),
                     .gro = read_flag(socket, link.name, ETHTOOL_GGRO)};
  }
  close(socket);
}

}  // namespace meshcheck::netlink

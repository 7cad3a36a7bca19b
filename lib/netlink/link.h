// A network interface.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/netlink/hardware_address.h"
#include "lib/netlink/offloads.h"

namespace meshcheck::netlink {

struct Link {
  // RFC 2863's operational status. Loopback and many tunnels stay kUnknown while they work.
  enum class State : std::uint8_t {
    kUnknown,
    kNotPresent,
    kDown,
    kLowerLayerDown,
    kTesting,
    kDormant,
    kUp,
  };
  // Since the link was made; `dropped` includes packets that the kernel had no room for.
  struct Statistics {
    std::uint64_t rx_packets = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t tx_errors = 0;
    std::uint64_t rx_dropped = 0;
    std::uint64_t tx_dropped = 0;

    friend bool operator==(const Statistics&, const Statistics&) = default;
  };

  std::uint32_t index = 0;
  std::string name;
  std::string kind;  // "vxlan", "veth", "bridge", "wireguard", ...; empty for hardware.
  std::uint32_t mtu = 0;
  bool up = false;       // The administrator wants it.
  bool running = false;  // It could carry packets.
  bool loopback = false;
  State state = State::kUnknown;
  bool carrier = false;
  std::uint32_t carrier_changes = 0;
  HardwareAddress hardware_address;
  std::uint32_t master = 0;  // The bridge or bond that it is a port of; 0: none.
  // The link that it runs on: a VLAN's or VXLAN's parent, a veth's other end; 0: unknown. When it
  // is in another network namespace, the index is of that namespace and means nothing here.
  std::uint32_t underlay = 0;
  bool underlay_is_elsewhere = false;
  Statistics statistics;
  Offloads offloads;  // Not from netlink: read_offloads() sets them.

  friend bool operator==(const Link&, const Link&) = default;
};

// "up", "down", "lowerlayerdown", ... as `ip link` and /sys/class/net/*/operstate have it.
std::string_view text(Link::State state);

}  // namespace meshcheck::netlink

#include "lib/netlink/parse.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

namespace meshcheck::netlink {
namespace {

std::size_t address_size(int family) {
  if (family == AF_INET) return 4;
  return family == AF_INET6 ? 16 : 0;
}

std::optional<IpAddress> parse_ip_address(Bytes bytes, int family) {
  if (bytes.size() != address_size(family)) return std::nullopt;
  if (bytes.empty()) return std::nullopt;
  return IpAddress::from_bytes(bytes);
}

IpAddress unspecified(int family) {
  static constexpr std::array<std::uint8_t, 16> kZeros{};
  return IpAddress::from_bytes(std::span(kZeros).first(address_size(family)));
}

// The rest of a message behind its fixed header, which is padded to four bytes.
template <typename Header>
Bytes attributes_of(const Message& message) {
  constexpr std::size_t kSize = (sizeof(Header) + 3) / 4 * 4;
  return message.payload.subspan(std::min(kSize, message.payload.size()));
}

Link::State link_state(std::uint8_t number) {
  return number <= static_cast<std::uint8_t>(Link::State::kUp) ? static_cast<Link::State>(number)
                                                               : Link::State::kUnknown;
}

Link::Statistics parse_statistics(Bytes bytes) {
  // Newer kernels append fields, older ones lack the last.
  rtnl_link_stats64 raw{};
  std::memcpy(&raw, bytes.data(), std::min(sizeof raw, bytes.size()));
  return {.rx_packets = raw.rx_packets,
          .tx_packets = raw.tx_packets,
          .rx_bytes = raw.rx_bytes,
          .tx_bytes = raw.tx_bytes,
          .rx_errors = raw.rx_errors,
          .tx_errors = raw.tx_errors,
          .rx_dropped = raw.rx_dropped,
          .tx_dropped = raw.tx_dropped};
}

// The kernel gives a VXLAN's parent only here, not as IFLA_LINK.
void parse_link_info(Bytes bytes, Link& link) {
  Bytes data;
  while (const auto attribute = next_attribute(bytes)) {
    if (attribute->type == IFLA_INFO_KIND) link.kind = attribute->text();
    if (attribute->type == IFLA_INFO_DATA) data = attribute->payload;
  }
  if (link.kind != "vxlan") return;
  while (const auto attribute = next_attribute(data)) {
    if (attribute->type == IFLA_VXLAN_LINK) link.underlay = attribute->u32();
  }
}

void parse_link_attribute(const Attribute& attribute, Link& link) {
  switch (attribute.type) {
    case IFLA_IFNAME:
      link.name = attribute.text();
      break;
    case IFLA_MTU:
      link.mtu = attribute.u32();
      break;
    case IFLA_OPERSTATE:
      link.state = link_state(attribute.u8());
      break;
    case IFLA_CARRIER:
      link.carrier = attribute.u8() != 0;
      break;
    case IFLA_CARRIER_CHANGES:
      link.carrier_changes = attribute.u32();
      break;
    case IFLA_ADDRESS:
      link.hardware_address = HardwareAddress::from_bytes(attribute.payload);
      break;
    case IFLA_MASTER:
      link.master = attribute.u32();
      break;
    case IFLA_LINK:
      link.underlay = attribute.u32();
      break;
    case IFLA_LINK_NETNSID:
      link.underlay_is_elsewhere = true;
      break;
    case IFLA_STATS64:
      link.statistics = parse_statistics(attribute.payload);
      break;
    case IFLA_LINKINFO:
      parse_link_info(attribute.payload, link);
      break;
    default:
      break;
  }
}

LinkAddress::Scope address_scope(std::uint8_t number) {
  switch (number) {
    case RT_SCOPE_UNIVERSE:
      return LinkAddress::Scope::kGlobal;
    case RT_SCOPE_SITE:
      return LinkAddress::Scope::kSite;
    case RT_SCOPE_LINK:
      return LinkAddress::Scope::kLink;
    case RT_SCOPE_HOST:
      return LinkAddress::Scope::kHost;
    default:
      return LinkAddress::Scope::kOther;
  }
}

Route::Type route_type(std::uint8_t number) {
  switch (number) {
    case RTN_UNICAST:
      return Route::Type::kUnicast;
    case RTN_LOCAL:
      return Route::Type::kLocal;
    case RTN_BROADCAST:
    case RTN_ANYCAST:
      return Route::Type::kBroadcast;
    case RTN_MULTICAST:
      return Route::Type::kMulticast;
    case RTN_BLACKHOLE:
      return Route::Type::kBlackhole;
    case RTN_UNREACHABLE:
      return Route::Type::kUnreachable;
    case RTN_PROHIBIT:
      return Route::Type::kProhibit;
    default:
      return Route::Type::kOther;
  }
}

bool is_down(unsigned flags) {
  return (flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
}

// RTA_GATEWAY is of the route's family; RTA_VIA says its own.
std::optional<IpAddress> parse_gateway(const Attribute& attribute, int family) {
  if (attribute.type == RTA_GATEWAY) return parse_ip_address(attribute.payload, family);
  const auto via_family = read_as<std::uint16_t>(attribute.payload);
  if (attribute.type != RTA_VIA || !via_family) return std::nullopt;
  return parse_ip_address(attribute.payload.subspan(sizeof *via_family), *via_family);
}

void parse_next_hops(Bytes bytes, int family, std::vector<Route::NextHop>& next_hops) {
  while (const auto header = read_as<rtnexthop>(bytes)) {
    if (header->rtnh_len < sizeof *header || header->rtnh_len > bytes.size()) return;
    Route::NextHop next_hop = {.gateway = std::nullopt,
                               .link_index = static_cast<std::uint32_t>(header->rtnh_ifindex),
                               .weight = static_cast<std::uint16_t>(header->rtnh_hops + 1),
                               .down = is_down(header->rtnh_flags)};
    Bytes attributes = bytes.subspan(sizeof *header, header->rtnh_len - sizeof *header);
    while (const auto attribute = next_attribute(attributes)) {
      if (const auto gateway = parse_gateway(*attribute, family)) next_hop.gateway = gateway;
    }
    next_hops.push_back(next_hop);
    bytes = bytes.subspan(
        std::min<std::size_t>((header->rtnh_len + std::size_t{3}) / 4 * 4, bytes.size()));
  }
}

std::uint32_t parse_route_mtu(Bytes metrics) {
  while (const auto metric = next_attribute(metrics)) {
    if (metric->type == RTAX_MTU) return metric->u32();
  }
  return 0;
}

// Nothing: it does not expire. The kernel says it in its ticks for programs, a hundredth of a
// second on any machine of today, and below zero once it is over.
std::optional<std::chrono::milliseconds> parse_expiry(Bytes bytes) {
  constexpr std::chrono::milliseconds kTick{10};
  const auto information = read_as<rta_cacheinfo>(bytes);
  if (!information || information->rta_expires == 0) return std::nullopt;
  return information->rta_expires * kTick;
}

Neighbour::State neighbour_state(std::uint16_t bits) {
  // One bit is set; NUD_NOARP first, since the kernel treats it as the strongest.
  if ((bits & NUD_NOARP) != 0) return Neighbour::State::kNoArp;
  if ((bits & NUD_PERMANENT) != 0) return Neighbour::State::kPermanent;
  if ((bits & NUD_REACHABLE) != 0) return Neighbour::State::kReachable;
  if ((bits & NUD_STALE) != 0) return Neighbour::State::kStale;
  if ((bits & NUD_DELAY) != 0) return Neighbour::State::kDelay;
  if ((bits & NUD_PROBE) != 0) return Neighbour::State::kProbe;
  if ((bits & NUD_FAILED) != 0) return Neighbour::State::kFailed;
  if ((bits & NUD_INCOMPLETE) != 0) return Neighbour::State::kIncomplete;
  return Neighbour::State::kNone;
}

}  // namespace

std::optional<Link> parse_link(const Message& message) {
  const auto header = read_as<ifinfomsg>(message.payload);
  // AF_BRIDGE: a bridge tells of its port. A "removed" there is not the end of the link.
  if (!header || header->ifi_family != AF_UNSPEC) return std::nullopt;
  Link link;
  link.index = static_cast<std::uint32_t>(header->ifi_index);
  link.up = (header->ifi_flags & IFF_UP) != 0;
  link.running = (header->ifi_flags & IFF_RUNNING) != 0;
  link.loopback = (header->ifi_flags & IFF_LOOPBACK) != 0;
  Bytes attributes = attributes_of<ifinfomsg>(message);
  while (const auto attribute = next_attribute(attributes)) {
    // A wireless event has no more than the name of its link.
    if (attribute->type == IFLA_WIRELESS) return std::nullopt;
    parse_link_attribute(*attribute, link);
  }
  if (link.name.empty()) return std::nullopt;
  return link;
}

std::optional<LinkAddress> parse_address(const Message& message) {
  const auto header = read_as<ifaddrmsg>(message.payload);
  if (!header || header->ifa_prefixlen > address_size(header->ifa_family) * 8) return std::nullopt;
  std::optional<IpAddress> local;
  std::optional<IpAddress> address;
  std::uint32_t flags = header->ifa_flags;
  Bytes attributes = attributes_of<ifaddrmsg>(message);
  while (const auto attribute = next_attribute(attributes)) {
    const int family = header->ifa_family;
    if (attribute->type == IFA_LOCAL) local = parse_ip_address(attribute->payload, family);
    if (attribute->type == IFA_ADDRESS) address = parse_ip_address(attribute->payload, family);
    if (attribute->type == IFA_FLAGS) flags = attribute->u32();
  }
  // With a peer IFA_ADDRESS is the peer's and IFA_LOCAL ours; IPv6 without one has only the first.
  if (!local) local = address;
  if (!local) return std::nullopt;
  return LinkAddress{.link_index = header->ifa_index,
                     .address = *local,
                     .prefix_length = header->ifa_prefixlen,
                     .scope = address_scope(header->ifa_scope),
                     .tentative = (flags & IFA_F_TENTATIVE) != 0,
                     .duplicate = (flags & IFA_F_DADFAILED) != 0};
}

std::optional<Route> parse_route(const Message& message) {
  const auto header = read_as<rtmsg>(message.payload);
  if (!header || address_size(header->rtm_family) == 0) return std::nullopt;
  if (header->rtm_dst_len > address_size(header->rtm_family) * 8) return std::nullopt;
  if ((header->rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  const int family = header->rtm_family;
  Route route;
  route.destination = unspecified(family);
  route.prefix_length = header->rtm_dst_len;
  route.type = route_type(header->rtm_type);
  route.table = header->rtm_table;
  Route::NextHop single = {.gateway = std::nullopt, .down = is_down(header->rtm_flags)};
  Bytes attributes = attributes_of<rtmsg>(message);
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type == RTA_DST) {
      const auto destination = parse_ip_address(attribute->payload, family);
      if (!destination) return std::nullopt;
      route.destination = *destination;
    }
    if (attribute->type == RTA_TABLE) route.table = attribute->u32();
    if (attribute->type == RTA_PRIORITY) route.metric = attribute->u32();
    if (attribute->type == RTA_OIF) single.link_index = attribute->u32();
    if (attribute->type == RTA_METRICS) route.mtu = parse_route_mtu(attribute->payload);
    if (attribute->type == RTA_MULTIPATH) {
      parse_next_hops(attribute->payload, family, route.next_hops);
    }
    if (const auto gateway = parse_gateway(*attribute, family)) single.gateway = gateway;
  }
  if (route.table != RT_TABLE_MAIN) return std::nullopt;
  if (route.next_hops.empty() && single.link_index != 0) route.next_hops.push_back(single);
  return route;
}

std::optional<CachedMtu> parse_cached_mtu(const Message& message) {
  const auto header = read_as<rtmsg>(message.payload);
  if (!header || (header->rtm_flags & RTM_F_CLONED) == 0) return std::nullopt;
  const std::size_t size = address_size(header->rtm_family);
  if (size == 0 || header->rtm_dst_len != size * 8) return std::nullopt;
  std::optional<IpAddress> destination;
  CachedMtu cached;
  Bytes attributes = attributes_of<rtmsg>(message);
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type == RTA_DST) {
      destination = parse_ip_address(attribute->payload, header->rtm_family);
    }
    if (attribute->type == RTA_METRICS) cached.mtu = parse_route_mtu(attribute->payload);
    if (attribute->type == RTA_CACHEINFO) cached.expires_in = parse_expiry(attribute->payload);
  }
  const bool expired = cached.expires_in && cached.expires_in->count() < 0;
  if (!destination || cached.mtu == 0 || expired) return std::nullopt;
  cached.destination = *destination;
  return cached;
}

// What the kernel tells user space in, whatever it ticks in itself (USER_HZ).
constexpr std::chrono::milliseconds kUserTick{10};

std::optional<Neighbour> parse_neighbour(const Message& message) {
  const auto header = read_as<ndmsg>(message.payload);
  // AF_BRIDGE: an entry of a bridge's or VXLAN's forwarding table.
  if (!header || address_size(header->ndm_family) == 0) return std::nullopt;
  std::optional<IpAddress> address;
  Neighbour neighbour;
  neighbour.link_index = static_cast<std::uint32_t>(header->ndm_ifindex);
  neighbour.state = neighbour_state(header->ndm_state);
  Bytes attributes = attributes_of<ndmsg>(message);
  while (const auto attribute = next_attribute(attributes)) {
    if (attribute->type == NDA_DST) {
      address = parse_ip_address(attribute->payload, header->ndm_family);
    }
    if (attribute->type == NDA_LLADDR) {
      neighbour.hardware_address = HardwareAddress::from_bytes(attribute->payload);
    }
    if (attribute->type == NDA_CACHEINFO) {
      const auto ages = read_as<nda_cacheinfo>(attribute->payload);
      if (ages) neighbour.confirmed_age = ages->ndm_confirmed * kUserTick;
    }
  }
  if (!address) return std::nullopt;
  neighbour.address = *address;
  return neighbour;
}

std::optional<Event> parse_event(const Message& message) {
  switch (message.type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      if (auto link = parse_link(message)) {
        return LinkChanged{*std::move(link), message.type == RTM_DELLINK};
      }
      break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      if (auto address = parse_address(message)) {
        return AddressChanged{*address, message.type == RTM_DELADDR};
      }
      break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      if (auto route = parse_route(message)) {
        return RouteChanged{*std::move(route), message.type == RTM_DELROUTE};
      }
      break;
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      if (auto neighbour = parse_neighbour(message)) {
        return NeighbourChanged{*neighbour, message.type == RTM_DELNEIGH};
      }
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace meshcheck::netlink

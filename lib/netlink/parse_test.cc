#include "lib/netlink/parse.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <memory>
#include <random>

#include "lib/netlink/socket.h"

namespace meshcheck::netlink {
namespace {

using Buffer = std::vector<std::uint8_t>;

// One message, written by libmnl.
class Builder {
 public:
  template <typename Header>
  Builder(std::uint16_t type, const Header& header) {
    message_ = mnl_nlmsg_put_header(bytes_.data());
    message_->nlmsg_type = type;
    std::memcpy(mnl_nlmsg_put_extra_header(message_, sizeof header), &header, sizeof header);
  }
  Builder& u8(std::uint16_t type, std::uint8_t value) {
    mnl_attr_put_u8(message_, type, value);
    return *this;
  }
  Builder& u32(std::uint16_t type, std::uint32_t value) {
    mnl_attr_put_u32(message_, type, value);
    return *this;
  }
  Builder& text(std::uint16_t type, const char* value) {
    mnl_attr_put_strz(message_, type, value);
    return *this;
  }
  Builder& bytes(std::uint16_t type, const Buffer& value) {
    mnl_attr_put(message_, type, value.size(), value.data());
    return *this;
  }
  Builder& address(std::uint16_t type, std::string_view value) {
    const IpAddress parsed = *IpAddress::parse(value);
    mnl_attr_put(message_, type, parsed.bytes().size(), parsed.bytes().data());
    return *this;
  }
  Builder& begin(std::uint16_t type) {
    nests_.push_back(mnl_attr_nest_start(message_, type));
    return *this;
  }
  Builder& end() {
    mnl_attr_nest_end(message_, nests_.back());
    nests_.pop_back();
    return *this;
  }
  Buffer build() const { return {bytes_.begin(), bytes_.begin() + message_->nlmsg_len}; }

 private:
  alignas(nlmsghdr) std::array<std::uint8_t, 2048> bytes_{};
  nlmsghdr* message_ = nullptr;
  std::vector<nlattr*> nests_;
};

std::optional<Event> event_from(const Buffer& buffer) {
  Bytes bytes(buffer);
  const auto message = next_message(bytes);
  return message ? parse_event(*message) : std::nullopt;
}

template <typename Changed>
std::optional<Changed> changed_from(const Buffer& buffer) {
  const auto event = event_from(buffer);
  if (!event || !std::holds_alternative<Changed>(*event)) return std::nullopt;
  return std::get<Changed>(*event);
}

Builder vxlan_link(std::uint16_t type = RTM_NEWLINK) {
  ifinfomsg header{};
  header.ifi_index = 5;
  header.ifi_flags = IFF_UP;
  rtnl_link_stats64 statistics{};
  statistics.tx_dropped = 9;
  Buffer raw(sizeof statistics);
  std::memcpy(raw.data(), &statistics, sizeof statistics);
  Builder builder(type, header);
  builder.text(IFLA_IFNAME, "flannel.1")
      .u32(IFLA_MTU, 1450)
      .u8(IFLA_OPERSTATE, 6)
      .u8(IFLA_CARRIER, 1)
      .bytes(IFLA_ADDRESS, {2, 0, 0, 0, 0, 0xab})
      .bytes(IFLA_STATS64, raw)
      .begin(IFLA_LINKINFO)
      .text(IFLA_INFO_KIND, "vxlan")
      .begin(IFLA_INFO_DATA)
      .u32(IFLA_VXLAN_ID, 1)
      .u32(IFLA_VXLAN_LINK, 2)
      .end()
      .end();
  return builder;
}

rtmsg route_header(std::uint8_t family, std::uint8_t prefix_length) {
  rtmsg header{};
  header.rtm_family = family;
  header.rtm_dst_len = prefix_length;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_type = RTN_UNICAST;
  return header;
}

Builder multipath_route() {
  Buffer hops;
  for (const std::uint8_t last : Buffer{1, 2}) {
    const rtnexthop hop = {.rtnh_len = sizeof(rtnexthop) + 8,
                           .rtnh_flags = last == 2 ? std::uint8_t{RTNH_F_LINKDOWN} : std::uint8_t{},
                           .rtnh_hops = last,
                           .rtnh_ifindex = last};
    const nlattr gateway = {.nla_len = 8, .nla_type = RTA_GATEWAY};
    Buffer raw(sizeof hop + 8);
    std::memcpy(raw.data(), &hop, sizeof hop);
    std::memcpy(raw.data() + sizeof hop, &gateway, sizeof gateway);
    const Buffer address = {192, 0, 2, last};
    std::copy(address.begin(), address.end(), raw.end() - 4);
    hops.insert(hops.end(), raw.begin(), raw.end());
  }
  Builder builder(RTM_NEWROUTE, route_header(AF_INET, 0));
  builder.u32(RTA_PRIORITY, 100)
      .begin(RTA_METRICS)
      .u32(RTAX_MTU, 1400)
      .end()
      .bytes(RTA_MULTIPATH, hops);
  return builder;
}

Builder cached_route(std::uint8_t family, std::int32_t expires) {
  const bool ipv4 = family == AF_INET;
  rtmsg header = route_header(family, ipv4 ? 32 : 128);
  header.rtm_flags = RTM_F_CLONED;
  rta_cacheinfo information{};
  information.rta_expires = expires;
  Buffer raw(sizeof information);
  std::memcpy(raw.data(), &information, sizeof information);
  Builder builder(RTM_NEWROUTE, header);
  builder.u32(RTA_TABLE, 100)
      .address(RTA_DST, ipv4 ? "198.51.100.7" : "2001:db8::7")
      .begin(RTA_METRICS)
      .u32(RTAX_MTU, 1300)
      .end()
      .bytes(RTA_CACHEINFO, raw);
  return builder;
}

std::optional<CachedMtu> cached_mtu_from(const Buffer& buffer) {
  Bytes bytes(buffer);
  return parse_cached_mtu(*next_message(bytes));
}

Builder neighbour(std::uint8_t family, std::uint16_t state) {
  ndmsg header{};
  header.ndm_family = family;
  header.ndm_ifindex = 2;
  header.ndm_state = state;
  Builder builder(RTM_NEWNEIGH, header);
  builder.address(NDA_DST, "192.0.2.2").bytes(NDA_LLADDR, {2, 0, 0, 0, 0, 2});
  return builder;
}

TEST(ParseTest, ReadsAVxlanWithItsParent) {
  const auto changed = changed_from<LinkChanged>(vxlan_link().build());
  ASSERT_TRUE(changed);
  EXPECT_FALSE(changed->removed);
  EXPECT_EQ(changed->link.name, "flannel.1");
  EXPECT_EQ(changed->link.kind, "vxlan");
  EXPECT_EQ(changed->link.underlay, 2U);
  EXPECT_EQ(changed->link.mtu, 1450U);
  EXPECT_EQ(changed->link.state, Link::State::kUp);
  EXPECT_TRUE(changed->link.carrier && changed->link.up && !changed->link.running);
  EXPECT_EQ(changed->link.hardware_address.text(), "02:00:00:00:00:ab");
  EXPECT_EQ(changed->link.statistics.tx_dropped, 9U);
  EXPECT_TRUE(changed_from<LinkChanged>(vxlan_link(RTM_DELLINK).build())->removed);
}

TEST(ParseTest, ReadsWhatATunnelSendsOver) {
  ifinfomsg header{};
  header.ifi_index = 6;
  Builder tunnel(RTM_NEWLINK, header);
  tunnel.text(IFLA_IFNAME, "tunl0")
      .u32(IFLA_LINK, 2)
      .begin(IFLA_LINKINFO)
      .text(IFLA_INFO_KIND, "ipip")
      .end();
  EXPECT_EQ(changed_from<LinkChanged>(tunnel.build())->link.underlay, 2U);
  EXPECT_FALSE(changed_from<LinkChanged>(tunnel.build())->link.underlay_is_elsewhere);
  tunnel.u32(IFLA_LINK_NETNSID, 0);
  EXPECT_TRUE(changed_from<LinkChanged>(tunnel.build())->link.underlay_is_elsewhere);
}

TEST(ParseTest, ReadsACachedMtuOfAnyTable) {
  const auto ipv4 = cached_mtu_from(cached_route(AF_INET, 59937).build());
  ASSERT_TRUE(ipv4);
  EXPECT_EQ(ipv4->destination.text(), "198.51.100.7");
  EXPECT_EQ(ipv4->mtu, 1300U);
  EXPECT_EQ(ipv4->expires_in, std::chrono::milliseconds(599'370));
  const auto ipv6 = cached_mtu_from(cached_route(AF_INET6, 0).build());
  ASSERT_TRUE(ipv6);
  EXPECT_EQ(ipv6->destination.text(), "2001:db8::7");
  EXPECT_FALSE(ipv6->expires_in);
}

TEST(ParseTest, IgnoresCachedRoutesThatSayNothingOfAnMtu) {
  EXPECT_FALSE(cached_mtu_from(cached_route(AF_INET, -1).build())) << "expired";
  EXPECT_FALSE(cached_mtu_from(multipath_route().build())) << "not cached";
  rtmsg header = route_header(AF_INET, 32);
  header.rtm_flags = RTM_F_CLONED;
  EXPECT_FALSE(
      cached_mtu_from(Builder(RTM_NEWROUTE, header).address(RTA_DST, "192.0.2.7").build()));
  header.rtm_dst_len = 24;
  EXPECT_FALSE(cached_mtu_from(Builder(RTM_NEWROUTE, header)
                                   .address(RTA_DST, "192.0.2.0")
                                   .begin(RTA_METRICS)
                                   .u32(RTAX_MTU, 1300)
                                   .end()
                                   .build()));
}

TEST(ParseTest, ReadsAMultipathRoute) {
  const auto changed = changed_from<RouteChanged>(multipath_route().build());
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->route.is_default());
  EXPECT_EQ(changed->route.metric, 100U);
  EXPECT_EQ(changed->route.mtu, 1400U);
  ASSERT_EQ(changed->route.next_hops.size(), 2U);
  EXPECT_EQ(changed->route.next_hops[0].gateway->text(), "192.0.2.1");
  EXPECT_EQ(changed->route.next_hops[0].weight, 2);
  EXPECT_FALSE(changed->route.next_hops[0].down);
  EXPECT_EQ(changed->route.next_hops[1].link_index, 2U);
  EXPECT_TRUE(changed->route.next_hops[1].down);
}

TEST(ParseTest, IgnoresWhatIsNotOfTheMainTableOrOnlyCached) {
  rtmsg header = route_header(AF_INET6, 0);
  EXPECT_TRUE(event_from(Builder(RTM_NEWROUTE, header).u32(RTA_OIF, 2).build()));
  EXPECT_FALSE(event_from(Builder(RTM_NEWROUTE, header).u32(RTA_TABLE, 1000).build()));
  header.rtm_flags = RTM_F_CLONED;
  EXPECT_FALSE(event_from(Builder(RTM_NEWROUTE, header).u32(RTA_OIF, 2).build()));
}

TEST(ParseTest, ReadsTheStateOfANeighbour) {
  const auto changed = changed_from<NeighbourChanged>(neighbour(AF_INET, NUD_FAILED).build());
  ASSERT_TRUE(changed);
  EXPECT_EQ(text(changed->neighbour.state), "failed");
  EXPECT_EQ(changed->neighbour.address.text(), "192.0.2.2");
  EXPECT_FALSE(changed->neighbour.confirmed_age);
  Builder confirmed = neighbour(AF_INET, NUD_STALE);
  confirmed.bytes(NDA_CACHEINFO, {200, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0});
  EXPECT_EQ(changed_from<NeighbourChanged>(confirmed.build())->neighbour.confirmed_age,
            std::chrono::seconds(2));
  for (const auto& [bits, name] :
       std::vector<std::pair<int, std::string>>{{NUD_NONE, "none"},
                                                {NUD_INCOMPLETE, "incomplete"},
                                                {NUD_REACHABLE, "reachable"},
                                                {NUD_STALE, "stale"},
                                                {NUD_DELAY, "delay"},
                                                {NUD_PROBE, "probe"},
                                                {NUD_NOARP, "noarp"},
                                                {NUD_PERMANENT, "permanent"}}) {
    const auto raw = neighbour(AF_INET, static_cast<std::uint16_t>(bits)).build();
    EXPECT_EQ(text(changed_from<NeighbourChanged>(raw)->neighbour.state), name);
  }
  EXPECT_FALSE(event_from(neighbour(AF_BRIDGE, NUD_PERMANENT).build()));
}

TEST(ParseTest, IgnoresAPrefixThatIsLongerThanTheAddress) {
  EXPECT_FALSE(event_from(Builder(RTM_NEWROUTE, route_header(AF_INET, 33)).build()));
  EXPECT_FALSE(event_from(Builder(RTM_NEWROUTE, route_header(AF_PACKET, 0)).build()));
}

// All that can be had: what the builder makes, and what this machine's kernel says of itself.
Buffer captured_dump() {
  Buffer dump;
  const auto append = [&](const Buffer& message) {
    dump.insert(dump.end(), message.begin(), message.end());
    dump.resize((dump.size() + 3) / 4 * 4);
  };
  append(vxlan_link().build());
  append(multipath_route().build());
  append(neighbour(AF_INET, NUD_STALE).build());
  append(cached_route(AF_INET6, 1).build());
  auto socket = Socket::open({});
  if (!socket) return dump;
  for (const auto table : {Socket::Table::kLinks, Socket::Table::kAddresses, Socket::Table::kRoutes,
                           Socket::Table::kNeighbours}) {
    int messages = 0;
    const auto complete = socket->dump(table, [&](const Message& message) {
      if (++messages > 3) return;
      nlmsghdr header{};
      header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + message.payload.size());
      header.nlmsg_type = message.type;
      Buffer raw(sizeof header);
      std::memcpy(raw.data(), &header, sizeof header);
      raw.insert(raw.end(), message.payload.begin(), message.payload.end());
      append(raw);
    });
    EXPECT_TRUE(complete);
  }
  return dump;
}

// On a heap block of exactly this size, so that asan sees the first byte beyond.
int events_in(const std::uint8_t* bytes, std::size_t size) {
  const auto copy = std::make_unique<std::uint8_t[]>(size);
  std::copy_n(bytes, size, copy.get());
  Bytes rest(copy.get(), size);
  int events = 0;
  while (const auto message = next_message(rest)) {
    events += parse_event(*message) || parse_cached_mtu(*message) ? 1 : 0;
  }
  return events;
}

TEST(ParseTest, ReadsNothingBeyondAnyPrefixOfADump) {
  const Buffer dump = captured_dump();
  const int all = events_in(dump.data(), dump.size());
  EXPECT_GE(all, 3);
  for (std::size_t size = 0; size < dump.size(); ++size) {
    EXPECT_LE(events_in(dump.data(), size), all);
  }
}

TEST(ParseTest, ReadsNothingBeyondAMessageThatIsCutButSaysItsNewLength) {
  for (Buffer message : {vxlan_link().build(), multipath_route().build(),
                         neighbour(AF_INET, NUD_STALE).build(), cached_route(AF_INET, 1).build()}) {
    for (auto size = static_cast<std::uint32_t>(message.size()); size >= sizeof(nlmsghdr); --size) {
      std::memcpy(message.data(), &size, sizeof size);
      EXPECT_LE(events_in(message.data(), size), 1);
    }
  }
}

TEST(ParseTest, SurvivesFlippedBits) {
  constexpr unsigned kSeed = 1;
  std::mt19937 random(kSeed);
  const Buffer dump = captured_dump();
  const int all = events_in(dump.data(), dump.size());
  for (int round = 0; round < 3000; ++round) {
    Buffer garbled = dump;
    for (int flip = 0; flip < 8; ++flip) {
      garbled[random() % garbled.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
    }
    // A broken length may make one message of the rest of another, not many.
    EXPECT_LE(events_in(garbled.data(), garbled.size()), all + 64) << "seed " << kSeed;
  }
}

}  // namespace
}  // namespace meshcheck::netlink

#include "mesh/assignment/targets.h"

#include <gtest/gtest.h>

namespace meshcheck::mesh {
namespace {

using Strings = std::vector<std::string>;

Strings parsed(TargetKind kind, std::string_view list) {
  auto targets = parse_target_list(kind, list);
  EXPECT_TRUE(targets) << targets.error().message();
  return targets ? *targets : Strings{};
}

std::string refused(TargetKind kind, std::string_view list) {
  const auto targets = parse_target_list(kind, list);
  EXPECT_FALSE(targets) << list;
  return targets ? "" : targets.error().message();
}

TEST(TargetsTest, AreNoneInAnEmptyList) {
  for (const auto kind :
       {TargetKind::kPing, TargetKind::kTcpPing, TargetKind::kUdpPing, TargetKind::kDns}) {
    EXPECT_EQ(parsed(kind, ""), Strings());
    EXPECT_EQ(parsed(kind, " \t\n"), Strings());
    EXPECT_EQ(parsed(kind, " , ,"), Strings());
  }
  EXPECT_TRUE(Targets().empty());
}

TEST(TargetsTest, AreTrimmedAndEachIsThereOnce) {
  EXPECT_EQ(parsed(TargetKind::kPing, " 10.0.0.1 ,\n10.0.0.2, 10.0.0.1,"),
            (Strings{"10.0.0.1", "10.0.0.2"}));
}

TEST(TargetsTest, ToPingAreAddressesOfBothFamiliesAndNames) {
  EXPECT_EQ(parsed(TargetKind::kPing, "10.0.0.1,fd00::1,gateway.example,node-1,a_b.c."),
            (Strings{"10.0.0.1", "fd00::1", "gateway.example", "node-1", "a_b.c."}));
}

TEST(TargetsTest, ToConnectToHaveAPort) {
  for (const auto kind : {TargetKind::kTcpPing, TargetKind::kUdpPing}) {
    EXPECT_EQ(parsed(kind, "10.0.0.1:80,[fd00::1]:1,web.example:65535"),
              (Strings{"10.0.0.1:80", "[fd00::1]:1", "web.example:65535"}));
  }
  const HostPort ipv6 = split_host_port("[fd00::1]:8081");
  EXPECT_EQ(ipv6.host, "fd00::1");
  EXPECT_EQ(ipv6.port, 8081);
  const HostPort name = split_host_port("web.example:80");
  EXPECT_EQ(name.host, "web.example");
  EXPECT_EQ(name.port, 80);
}

TEST(TargetsTest, ToLookUpAreNames) {
  EXPECT_EQ(parsed(TargetKind::kDns, "kubernetes.default,example.com."),
            (Strings{"kubernetes.default", "example.com."}));
  EXPECT_EQ(refused(TargetKind::kDns, "10.0.0.1"),
            "'10.0.0.1' is an address, which needs no look-up; write for example "
            "kubernetes.default");
}

TEST(TargetsTest, AreRefusedWithAReasonAndAnExample) {
  EXPECT_EQ(refused(TargetKind::kPing, "10.0.0.1, 10.0.0.256"),
            "'10.0.0.256' is no valid IPv4 address; write for example 10.0.0.1, fd00::1 or "
            "gateway.example");
  EXPECT_EQ(refused(TargetKind::kTcpPing, "fd00::1:80"),
            "'fd00::1:80' has more than one colon; an IPv6 address needs brackets; write for "
            "example 10.0.0.1:80, [fd00::1]:80 or web.example:80");
}

TEST(TargetsTest, AreRefusedWhenTheyCannotWork) {
  struct Case {
    TargetKind kind;
    std::string_view target;
    std::string_view reason;
  };
  const std::string long_label(64, 'a');
  std::string long_name(200, '.');
  long_name += 'a';
  const std::vector<Case> cases = {
      {TargetKind::kPing, "http://example.com/", "neither a host name nor an address"},
      {TargetKind::kPing, "two words", "neither a host name nor an address"},
      {TargetKind::kPing, "a..b", "neither a host name nor an address"},
      {TargetKind::kPing, "-a", "neither a host name nor an address"},
      {TargetKind::kPing, "fd00::zz", "neither a host name nor an address"},
      {TargetKind::kPing, long_label, "neither a host name nor an address"},
      {TargetKind::kPing, long_name, "neither a host name nor an address"},
      {TargetKind::kPing, ".", "has no name"},
      {TargetKind::kPing, "10.0.0", "no valid IPv4 address"},
      {TargetKind::kPing, "[fd00::1]", "only a port asks for"},
      {TargetKind::kPing, "fe80::1", "link-local"},
      {TargetKind::kPing, "fe80::1%eth0", "names a link"},
      {TargetKind::kPing, "224.0.0.1", "no address of one host"},
      {TargetKind::kPing, "255.255.255.255", "no address of one host"},
      {TargetKind::kPing, "0.0.0.0", "no address of one host"},
      {TargetKind::kUdpPing, "[ff02::1]:53", "no address of one host"},
      {TargetKind::kTcpPing, "[::]:80", "no address of one host"},
      {TargetKind::kTcpPing, "web.example", "has no port"},
      {TargetKind::kTcpPing, "[fd00::1]", "has no port"},
      {TargetKind::kTcpPing, ":80", "has no name"},
      {TargetKind::kTcpPing, "a:", "port that is not a number"},
      {TargetKind::kTcpPing, "a:0", "port that is not a number"},
      {TargetKind::kTcpPing, "a:65536", "port that is not a number"},
      {TargetKind::kTcpPing, "a:-1", "port that is not a number"},
      {TargetKind::kTcpPing, "a:80x", "port that is not a number"},
      {TargetKind::kTcpPing, "[a]:80", "brackets, which are for an IPv6 address"},
      {TargetKind::kTcpPing, "[]:80", "brackets, which are for an IPv6 address"},
      {TargetKind::kTcpPing, "[1:2]:80", "no valid IPv6 address"},
      {TargetKind::kTcpPing, "[fe80::1%eth0]:80", "names a link"},
      {TargetKind::kUdpPing, "[fe80::1]:80", "link-local"},
      {TargetKind::kDns, "a b", "neither a host name nor an address"},
      {TargetKind::kDns, std::string_view("a\0b", 3), "neither a host name nor an address"},
  };
  for (const Case& each : cases) {
    const auto checked = check_target(each.kind, each.target);
    ASSERT_FALSE(checked) << each.target;
    EXPECT_NE(checked.error().message().find(each.reason), std::string::npos)
        << checked.error().message();
  }
}

TEST(TargetsTest, OfTwoSourcesAreJoined) {
  Targets targets{.ping = {"a", "b"}, .dns = {"x"}};
  targets.add({.ping = {"b", "c"}, .tcp_ping = {"d:1"}, .udp_ping = {"e:1"}, .dns = {"x", "y"}});
  EXPECT_EQ(
      targets,
      (Targets{
          .ping = {"a", "b", "c"}, .tcp_ping = {"d:1"}, .udp_ping = {"e:1"}, .dns = {"x", "y"}}));
  for (std::size_t i = 0; i < 2 * kTargetsMax; ++i) targets.add({.dns = {std::to_string(i)}});
  EXPECT_EQ(targets.dns.size(), kTargetsMax);
}

TEST(TargetsTest, AreBoundedInNumberAndSize) {
  std::string list;
  for (std::size_t i = 0; i < kTargetsMax; ++i) list += "n" + std::to_string(i) + ",";
  EXPECT_EQ(parsed(TargetKind::kPing, list).size(), kTargetsMax);
  EXPECT_EQ(parsed(TargetKind::kPing, list + "n1").size(), kTargetsMax) << "one that is known";
  EXPECT_EQ(refused(TargetKind::kPing, list + "one-more"), "more than 64 targets");

  std::string name(63, 'a');
  name += "." + name + "." + name + "." + std::string(61, 'a');
  ASSERT_EQ(name.size(), 253U);
  EXPECT_TRUE(check_target(TargetKind::kTcpPing, name + ":65535"));
  EXPECT_FALSE(check_target(TargetKind::kTcpPing, "a" + name + ":80"));
  EXPECT_LT(refused(TargetKind::kPing, std::string(100'000, 'a')).size(), 400U);
}

}  // namespace
}  // namespace meshcheck::mesh

#include "agent/probing/icmp_fragments.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "lib/testing/loop.h"
#include "lib/testing/network_namespace.h"

namespace meshcheck::agent {
namespace {

using namespace std::chrono_literals;
using mesh::FragmentsResult;
using netlink::in_network_namespace;
using netlink::ip;

// A test in a hurry of one path over a loopback of 1500 bytes. Made inside the namespace.
struct Bench {
  Bench() {
    for (std::uint64_t i = 0; i < 20; ++i) {
      path.sent(i, Clock::now());
      path.answered({.sequence = i}, Clock::now());
    }
  }

  void probe(const char* address, std::uint32_t link_mtu = 1500) {
    fragments.set_paths({{.id = 7, .address = *IpAddress::parse(address), .link_mtu = link_mtu}});
  }
  bool becomes(FragmentsResult result, std::chrono::milliseconds within = 10s) {
    return uv::run_until(
        loop, [&] { return fragments.result(7) == result; }, within);
  }

  uv::Loop loop;
  mesh::Path path{{}, Clock::now()};
  IcmpFragments fragments{
      loop,
      {.test = {.interval = 100ms, .probe_timer = 100ms}, .icmp = {.datagram = false}},
      [this](std::uint32_t id) { return id == 7 ? &path : nullptr; }};
};

bool nft(const std::string& command) {
  return std::system(("nft '" + command + "'").c_str()) == 0;
}

// Of the fragments that come in, those that are no packet's first.
void drop_fragments() {
  ASSERT_TRUE(
      nft("add table inet t; add chain inet t c { type filter hook prerouting priority "
          "-450; }; add rule inet t c ip frag-off & 0x1fff != 0 drop; "
          "add rule inet t c exthdr frag exists drop"));
}

class IcmpFragmentsTest : public testing::TestWithParam<const char*> {};

TEST_P(IcmpFragmentsTest, TellsWhetherFragmentsComeBack) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("link set lo mtu 1500"));
    Bench bench;
    bench.probe(GetParam());
    EXPECT_EQ(bench.fragments.result(7), FragmentsResult::kUnknown);
    EXPECT_TRUE(bench.becomes(FragmentsResult::kPassed));
    drop_fragments();
    EXPECT_TRUE(bench.becomes(FragmentsResult::kLost));
    ASSERT_TRUE(nft("delete table inet t"));
    EXPECT_TRUE(bench.becomes(FragmentsResult::kPassed));
  });
}

INSTANTIATE_TEST_SUITE_P(Families, IcmpFragmentsTest, testing::Values("127.0.0.1", "::1"));

TEST(IcmpFragmentsTest, KnowsNothingOfLinksThatItCannotTestAndOfPathsThatAreNotThere) {
  in_network_namespace([] {
    Bench bench;
    bench.probe("127.0.0.1", 0);
    EXPECT_FALSE(bench.becomes(FragmentsResult::kPassed, 500ms));
    bench.probe("127.0.0.1", 65'536);
    EXPECT_FALSE(bench.becomes(FragmentsResult::kPassed, 500ms));
    bench.fragments.set_paths({});
    EXPECT_EQ(bench.fragments.result(7), FragmentsResult::kUnknown);
  });
}

TEST(IcmpFragmentsTest, AccusesNobodyWhileThePathIsDown) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("link set lo mtu 1500"));
    drop_fragments();
    Bench bench;
    for (std::uint64_t i = 20; i < 30; ++i) {
      bench.path.sent(i, Clock::now());
      bench.path.failed(i, "gone", Clock::now());
    }
    bench.probe("127.0.0.1");
    EXPECT_FALSE(bench.becomes(FragmentsResult::kLost, 2s));
  });
}

}  // namespace
}  // namespace meshcheck::agent

#include "probe/pmtu_prober.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "lib/testing/loop.h"
#include "probe/network_testing.h"
#include "probe/stamp_prober.h"
#include "probe/stamp_reflector.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;
using mesh::Direction;
using mesh::FragmentationClass;
using mesh::PathState;

// 0: none.
std::optional<stamp::Key> key(std::uint8_t byte) {
  if (byte == 0) return std::nullopt;
  return *stamp::Key::from_bytes(std::vector<std::uint8_t>(32, byte));
}

bool nft(const std::string& command) {
  return std::system(("nft '" + command + "'").c_str()) == 0;
}

// Ten times as fast as by default; what counts as evidence is as ever.
mesh::PathMtu::Options in_a_hurry() {
  mesh::PathMtu::Options options;
  options.search.probe_timer = options.fragments.probe_timer = 100ms;
  options.search.confirmation_timer = 500ms;
  options.search.raise_timer = 800ms;
  options.search.spacing = 10ms;
  options.fragments.interval = 1s;
  options.busy_pace = 3ms;
  options.steady_pace = 60ms;
  return options;
}

struct Family {
  const char* name;
  const char* near;    // The prober's address;
  const char* router;  // that of the router in between, on the prober's side;
  const char* far;     // and the reflector's.
  const char* of_fragments;
};
constexpr Family kIpv4 = {"Ipv4", "10.1.0.1", "10.1.0.2", "10.2.0.1", "ip frag-off & 0x1fff != 0"};
constexpr Family kIpv6 = {"Ipv6", "fd01::1", "fd01::2", "fd02::1", "frag frag-off != 0"};

// A prober, a router and a reflector, each in a network of its own, with links of 1,500 bytes.
class Route {
 public:
  explicit Route(const Family& family) : family_(family) {
    router.enter();
    EXPECT_TRUE(ip("link add r0 type veth peer name n0 netns " + near.path()));
    EXPECT_TRUE(ip("link add r1 type veth peer name f0 netns " + far.path()));
    for (const char* const file : {"ipv4/ip_forward", "ipv6/conf/all/forwarding"}) {
      std::ofstream(std::string("/proc/sys/net/") + file) << "1";
    }
    set_up("r0", "10.1.0.2/24", "fd01::2/64");
    set_up("r1", "10.2.0.2/24", "fd02::2/64");
    far.enter();
    set_up("f0", "10.2.0.1/24", "fd02::1/64");
    EXPECT_TRUE(ip("route add default via 10.2.0.2") && ip("route add default via fd02::2"));
    auto started = StampReflector::start(loop, {.port = 0, .open = true});
    EXPECT_TRUE(started);
    reflector.emplace(*std::move(started));
    near.enter();
    set_up("n0", "10.1.0.1/24", "fd01::1/64");
    EXPECT_TRUE(ip("route add default via 10.1.0.2") && ip("route add default via fd01::2"));
    small.emplace(loop, StampProber::Options{.interval = 20ms, .timeout = 100ms, .ssid = 8}, [] {});
    prober.emplace(
        loop, PmtuProber::Options{.mtu = in_a_hurry(), .ssid = 9, .stagger = 1ms},
        [this](std::uint32_t id) { return state.value_or(small->path(id)->state()); },
        [this] { ++changes; });
    use_key(1);
  }

  void use_key(std::uint8_t byte) {
    reflector->set_keys(key(byte), std::nullopt);
    small->set_key(key(byte));
    prober->set_key(key(byte));
  }
  void drop(const std::string& packets) {
    router.enter();
    EXPECT_TRUE(nft("table inet test { chain forward { type filter hook forward priority 0; " +
                    packets + " drop; }; }"));
    near.enter();
  }
  void drop_nothing() {
    router.enter();
    EXPECT_TRUE(nft("delete table inet test"));
    near.enter();
  }
  void set_link_mtu(const TestNetwork& network, const std::string& link, std::uint32_t mtu) {
    network.enter();
    EXPECT_TRUE(ip("link set " + link + " mtu " + std::to_string(mtu)));
    near.enter();
  }
  PmtuProber::Target target(std::uint32_t own = 1500, std::uint32_t peer = 1500) const {
    Endpoint endpoint;
    endpoint.address = *IpAddress::parse(family_.far);
    endpoint.port = reflector->port();
    return {.id = 1, .endpoint = endpoint, .own_link_mtu = own, .peer_link_mtu = peer};
  }
  void start(std::uint32_t own = 1500, std::uint32_t peer = 1500) { set_target(target(own, peer)); }
  void set_target(const PmtuProber::Target& target) {
    small->set_paths({{.id = target.id, .endpoint = target.endpoint}});
    prober->set_paths({target});
  }

  mesh::PathMtu::Result result(Direction direction) const {
    return prober->path(1)->result(direction, Clock::now());
  }
  bool run_until_class(Direction direction, FragmentationClass wanted) {
    const bool reached = run_until(
        loop, [&] { return result(direction).fragmentation_class == wanted; }, 20s);
    EXPECT_EQ(text(result(direction).fragmentation_class), text(wanted));
    return reached;
  }
  // In both directions.
  bool run_until_fragments(mesh::FragmentsResult wanted) {
    return run_until(
        loop,
        [&] {
          return result(Direction::kForward).fragments == wanted &&
                 result(Direction::kBackward).fragments == wanted;
        },
        20s);
  }

  TestNetwork near;
  TestNetwork router;
  TestNetwork far;
  uv::Loop loop;
  std::optional<PathState> state;  // Instead of the one that is true.
  int changes = 0;
  std::optional<StampReflector> reflector;
  std::optional<StampProber> small;
  std::optional<PmtuProber> prober;

 private:
  static void set_up(const std::string& link, const std::string& ipv4, const std::string& ipv6) {
    EXPECT_TRUE(ip("address add " + ipv4 + " dev " + link));
    EXPECT_TRUE(ip("address add " + ipv6 + " nodad dev " + link));
    EXPECT_TRUE(ip("link set " + link + " up"));
  }

  Family family_;
};

class PmtuProberTest : public testing::TestWithParam<Family> {
 protected:
  void on_route(const std::function<void(Route&)>& body) {
    in_own_network([&] {
      Route route(GetParam());
      body(route);
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Families, PmtuProberTest, testing::Values(kIpv4, kIpv6),
                         [](const auto& family) { return std::string(family.param.name); });

TEST_P(PmtuProberTest, SeesThatAllIsClear) {
  on_route([](Route& route) {
    route.start();
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kClear));
    ASSERT_TRUE(route.run_until_class(Direction::kBackward, FragmentationClass::kClear));
    ASSERT_TRUE(route.run_until_fragments(mesh::FragmentsResult::kPassed));
    EXPECT_EQ(route.result(Direction::kForward).size, 1500);
    EXPECT_EQ(route.result(Direction::kBackward).size, 1500);
    EXPECT_EQ(route.prober->counts().unmatched, 0U);
    EXPECT_EQ(route.changes, 0);
    const auto heard = route.reflector->heard(Clock::now());
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard.front().ssid, 8) << "small probes alone are heard";
  });
}

TEST_P(PmtuProberTest, FindsEachDirectionOfABlackHoleToTheByte) {
  on_route([](Route& route) {
    route.drop("iifname r0 meta length > 1401 drop; iifname r1 meta length > 1371");
    route.start();
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kBlackHole));
    ASSERT_TRUE(route.run_until_class(Direction::kBackward, FragmentationClass::kReduced));
    EXPECT_EQ(route.result(Direction::kForward).size, 1401);
    EXPECT_EQ(route.result(Direction::kBackward).size, 1371);
    EXPECT_FALSE(route.result(Direction::kForward).too_big);
    EXPECT_TRUE(route.prober->path(1)->findings(Clock::now()).asymmetric);
    ASSERT_TRUE(run_until(route.loop, [&] { return route.changes > 0; }));
    route.drop_nothing();
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kClear));
    ASSERT_TRUE(route.run_until_class(Direction::kBackward, FragmentationClass::kClear));
  });
}

TEST_P(PmtuProberTest, TellsWhichRouterSaidThatPacketsAreTooBig) {
  on_route([this](Route& route) {
    route.set_link_mtu(route.router, "r1", 1301);
    route.set_link_mtu(route.far, "f0", 1301);
    route.start(1500, 1301);
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kReducedSignalled));
    const mesh::PathMtu::Result result = route.result(Direction::kForward);
    EXPECT_EQ(result.size, 1301);
    ASSERT_TRUE(result.too_big);
    EXPECT_EQ(result.too_big->mtu, 1301);
    ASSERT_TRUE(result.too_big->reporter);
    EXPECT_EQ(result.too_big->reporter->text(), GetParam().router);
    ASSERT_TRUE(route.run_until_class(Direction::kBackward, FragmentationClass::kClear));
    ASSERT_TRUE(route.run_until_fragments(mesh::FragmentsResult::kPassed));
    EXPECT_EQ(route.result(Direction::kForward).fragmentation_class,
              FragmentationClass::kReducedSignalled);
  });
}

TEST_P(PmtuProberTest, TakesTheOwnKernelsWordForItsLink) {
  on_route([](Route& route) {
    route.set_link_mtu(route.near, "n0", 1399);
    route.start();
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kReducedSignalled));
    const mesh::PathMtu::Result result = route.result(Direction::kForward);
    EXPECT_EQ(result.size, 1399);
    ASSERT_TRUE(result.too_big);
    EXPECT_EQ(result.too_big->mtu, 1399);
    EXPECT_FALSE(result.too_big->reporter);
  });
}

TEST_P(PmtuProberTest, SeesThatFragmentsAreDropped) {
  on_route([this](Route& route) {
    route.drop(std::string("iifname r0 ") + GetParam().of_fragments);
    route.start();
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kFragmentsDropped));
    ASSERT_TRUE(route.run_until_class(Direction::kBackward, FragmentationClass::kClear));
    EXPECT_EQ(route.result(Direction::kForward).size, 1500);
    EXPECT_EQ(route.result(Direction::kBackward).fragments, mesh::FragmentsResult::kPassed);
    route.drop_nothing();
    route.drop(std::string("iifname r1 ") + GetParam().of_fragments);
    ASSERT_TRUE(route.run_until_class(Direction::kBackward, FragmentationClass::kFragmentsDropped));
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kClear));
  });
}

TEST_P(PmtuProberTest, WorksWithoutAKeyAsFarAsRepliesMayGrow) {
  on_route([](Route& route) {
    route.use_key(0);
    route.drop("iifname r1 meta length > 1399");
    route.start();
    ASSERT_TRUE(route.run_until_class(Direction::kBackward, FragmentationClass::kReduced));
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kClear));
    EXPECT_EQ(route.result(Direction::kBackward).size, 1399);
  });
}

TEST_P(PmtuProberTest, GoesOnWithWhatItKnewOfATargetThatComesBack) {
  on_route([](Route& route) {
    route.drop("meta length > 1401");
    route.start();
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kBlackHole));
    route.prober->set_paths({});
    EXPECT_EQ(route.prober->path(1), nullptr);
    PmtuProber::Target again = route.target();
    again.id = 2;
    route.set_target(again);
    const auto result = [&] {
      return route.prober->path(2)->result(Direction::kForward, Clock::now());
    };
    EXPECT_EQ(result().size, 1401);
    EXPECT_EQ(result().fragmentation_class, FragmentationClass::kBlackHole);
    route.drop_nothing();
    EXPECT_TRUE(run_until(
        route.loop, [&] { return result().fragmentation_class == FragmentationClass::kClear; },
        20s));
  });
}

TEST_P(PmtuProberTest, SaysNothingOfSizesWhileSmallProbesFail) {
  on_route([](Route& route) {
    route.start();
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kClear));
    route.state = PathState::kDown;
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kDown));
    EXPECT_EQ(route.changes, 0) << "that is for the small probes to tell";
    route.state.reset();
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kClear));
  });
}

TEST_P(PmtuProberTest, ChangesTheKeyWithoutAVerdict) {
  on_route([](Route& route) {
    route.start();
    ASSERT_TRUE(route.run_until_class(Direction::kForward, FragmentationClass::kClear));
    ASSERT_TRUE(route.run_until_class(Direction::kBackward, FragmentationClass::kClear));
    route.use_key(2);
    const std::uint64_t sent = route.prober->counts().sent;
    ASSERT_TRUE(run_until(
        route.loop, [&] { return route.prober->counts().sent > sent + 10; }, 20s));
    EXPECT_EQ(route.result(Direction::kForward).fragmentation_class, FragmentationClass::kClear);
    EXPECT_EQ(route.changes, 0);
  });
}

}  // namespace
}  // namespace meshcheck::probe

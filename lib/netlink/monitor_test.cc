#include "lib/netlink/monitor.h"

#include <gtest/gtest.h>

#include <optional>

#include "lib/testing/network_namespace.h"
#include "lib/uv/timer.h"

namespace meshcheck::netlink {
namespace {

using namespace std::chrono_literals;

std::string describe(const LinkChanged& event) {
  return (event.removed ? "no link " : "link ") + event.link.name;
}
std::string describe(const AddressChanged& event) {
  return (event.removed ? "no address " : "address ") + event.address.address.text();
}
std::string describe(const RouteChanged& event) {
  return (event.removed ? "no route " : "route ") + event.route.destination.text();
}
std::string describe(const NeighbourChanged& event) {
  return (event.removed ? "no neighbour " : "neighbour ") + event.neighbour.address.text();
}
std::string describe(const Overrun&) {
  return "overrun";
}

// A monitor that notes its events. Made inside the namespace.
class Listener {
 public:
  explicit Listener(const Monitor::Options& options = {})
      : deadline_(loop_, [this] {
          ADD_FAILURE() << "no such event within 10 s";
          loop_.stop();
        }) {
    auto monitor = Monitor::start(loop_, options, [this](const Event& event) { note(event); });
    EXPECT_TRUE(monitor) << monitor.error().message();
    monitor_.emplace(*std::move(monitor));
    deadline_.start(10s);
  }

  // Runs the loop until an event satisfies `wanted`.
  void wait(std::function<bool(const Event&)> wanted) {
    wanted_ = std::move(wanted);
    loop_.run();
    wanted_ = {};
  }
  // Until the events so far contain these in this order, with anything in between.
  void wait_for(const std::vector<std::string>& texts) {
    wait([&](const Event&) {
      std::size_t found = 0;
      for (const std::string& text : texts_) found += found < texts.size() && text == texts[found];
      return found == texts.size();
    });
  }
  // The last of its type.
  template <typename Changed>
  std::optional<Changed> last() const {
    for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
      if (const auto* changed = std::get_if<Changed>(&*event)) return *changed;
    }
    return std::nullopt;
  }

 private:
  void note(const Event& event) {
    events_.push_back(event);
    texts_.push_back(std::visit([](const auto& changed) { return describe(changed); }, event));
    if (wanted_ && wanted_(event)) loop_.stop();
  }

  uv::Loop loop_;
  uv::Timer deadline_;
  std::vector<Event> events_;
  std::vector<std::string> texts_;
  std::function<bool(const Event&)> wanted_;
  std::optional<Monitor> monitor_;
};

TEST(MonitorTest, SaysInOrderWhatHappens) {
  in_network_namespace([] {
    Listener listener;
    ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
    ASSERT_TRUE(ip("link set wire1 up"));
    ASSERT_TRUE(ip("link set wire0 up"));
    ASSERT_TRUE(ip("address add 192.0.2.1/24 dev wire0"));
    ASSERT_TRUE(ip("address add 2001:db8::1/64 dev wire0 nodad"));
    // The kernel announces an IPv6 address when it has looked for duplicates, in its own time.
    listener.wait_for({"link wire0", "address 192.0.2.1", "address 2001:db8::1"});
    ASSERT_TRUE(ip("route add 203.0.113.0/24 via 192.0.2.2"));
    ASSERT_TRUE(ip("-6 route add 2001:db8:1::/48 via 2001:db8::2"));
    ASSERT_TRUE(ip("neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev wire0"));
    ASSERT_TRUE(ip("neighbour del 192.0.2.2 dev wire0"));
    ASSERT_TRUE(ip("route del 203.0.113.0/24"));
    ASSERT_TRUE(ip("address del 192.0.2.1/24 dev wire0"));
    ASSERT_TRUE(ip("link del wire0"));
    listener.wait_for({"link wire0", "address 192.0.2.1", "address 2001:db8::1",
                       "route 203.0.113.0", "route 2001:db8:1::", "neighbour 192.0.2.2",
                       "no neighbour 192.0.2.2", "no route 203.0.113.0", "no address 192.0.2.1",
                       "no link wire0"});
  });
}

TEST(MonitorTest, SaysWhenTheCarrierIsLost) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
    ASSERT_TRUE(ip("link set wire0 up"));
    ASSERT_TRUE(ip("link set wire1 up"));
    Listener listener;
    ASSERT_TRUE(ip("link set wire1 down"));
    listener.wait([](const Event& event) {
      const auto* changed = std::get_if<LinkChanged>(&event);
      return changed != nullptr && changed->link.name == "wire0" &&
             changed->link.state == Link::State::kLowerLayerDown;
    });
    const auto changed = listener.last<LinkChanged>();
    ASSERT_TRUE(changed);
    EXPECT_FALSE(changed->link.carrier);
    EXPECT_GE(changed->link.carrier_changes, 2U);
  });
}

TEST(MonitorTest, DoesNotTakeAPortThatLeavesItsBridgeForALinkThatIsGone) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("link add bridge0 type bridge"));
    ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
    ASSERT_TRUE(ip("link set wire0 master bridge0 up"));
    Listener listener;
    bool gone = false;
    ASSERT_TRUE(ip("link set wire0 nomaster"));
    ASSERT_TRUE(ip("address add 192.0.2.1/24 dev wire0"));
    listener.wait([&](const Event& event) {
      const auto* changed = std::get_if<LinkChanged>(&event);
      if (changed != nullptr && changed->removed) gone = true;
      const auto* added = std::get_if<AddressChanged>(&event);
      return added != nullptr && added->address.address.text() == "192.0.2.1";
    });
    EXPECT_FALSE(gone);
    EXPECT_EQ(listener.last<LinkChanged>()->link.master, 0U);
  });
}

TEST(MonitorTest, AdmitsAnOverrunAndHearsAgainAfterIt) {
  in_network_namespace([] {
    Listener listener({.receive_buffer_bytes = 4096});
    ASSERT_EQ(std::system("for n in $(seq 1 250); do echo address add 192.0.2.$n/32 dev lo; done | "
                          "ip -batch -"),
              0);
    listener.wait([](const Event& event) { return std::holds_alternative<Overrun>(event); });
    ASSERT_TRUE(ip("address add 198.51.100.1/32 dev lo"));
    listener.wait_for({"overrun", "address 198.51.100.1"});
  });
}

TEST(MonitorTest, HearsOfRoutesAndNeighboursOnlyIfAsked) {
  in_network_namespace([] {
    Listener listener({.routes = false, .neighbours = false});
    ASSERT_TRUE(ip("route add 203.0.113.0/24 dev lo"));
    ASSERT_TRUE(ip("neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev lo"));
    ASSERT_TRUE(ip("address add 192.0.2.1/32 dev lo"));
    listener.wait_for({"address 192.0.2.1"});
    EXPECT_FALSE(listener.last<RouteChanged>());
    EXPECT_FALSE(listener.last<NeighbourChanged>());
  });
}

TEST(MonitorTest, MayBeDestroyedInsideItsOwnCallback) {
  in_network_namespace([] {
    uv::Loop loop;
    std::optional<Monitor> monitor;
    int calls = 0;
    const std::string long_lived = "captured by value, so that a freed closure shows under asan";
    std::string seen;
    auto started = Monitor::start(loop, {}, [&, long_lived](const Event&) {
      ++calls;
      monitor.reset();
      seen = long_lived;
    });
    ASSERT_TRUE(started);
    monitor.emplace(*std::move(started));
    ASSERT_TRUE(ip("address add 192.0.2.1/32 dev lo"));
    ASSERT_TRUE(ip("address add 192.0.2.2/32 dev lo"));
    loop.run();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(seen, long_lived);
  });
}

}  // namespace
}  // namespace meshcheck::netlink

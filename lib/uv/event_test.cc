#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "lib/testing/loop.h"
#include "lib/uv/fd_watcher.h"
#include "lib/uv/resolver.h"
#include "lib/uv/signal.h"
#include "lib/uv/udp_socket.h"

namespace meshcheck::uv {
namespace {

TEST(SignalTest, ArrivesAsAnEventOfTheLoop) {
  Loop loop;
  int calls = 0;
  const Signal signal(loop, SIGHUP, [&] {
    ++calls;
    loop.stop();
  });
  raise(SIGHUP);
  loop.run();
  EXPECT_EQ(calls, 1);
}

TEST(FdWatcherTest, SaysWhenADescriptorIsReadable) {
  Loop loop;
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  {
    std::optional<FdWatcher> watcher;
    bool readable = false;
    watcher.emplace(loop, ends[0], [&](FdWatcher::Interest ready) {
      readable = ready.readable;
      watcher.reset();
    });
    watcher->watch({.readable = true});
    ASSERT_EQ(write(ends[1], "x", 1), 1);
    loop.run();
    EXPECT_TRUE(readable);
  }
  close(ends[0]);
  close(ends[1]);
}

TEST(FdWatcherTest, GoesOnAfterAnErrorOnTheDescriptor) {
  Loop loop;
  const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  ASSERT_GE(descriptor, 0);
  sockaddr_storage storage{};
  // Nobody listens there: each datagram comes back as an ICMP error on the socket.
  const sockaddr* const closed_port = Endpoint::parse("127.0.0.1:1")->to_sockaddr(storage);
  ASSERT_EQ(connect(descriptor, closed_port, sizeof(sockaddr_in)), 0);
  int errors = 0;
  {
    FdWatcher watcher(loop, descriptor, [&](FdWatcher::Interest ready) {
      EXPECT_TRUE(ready.readable);
      char byte = 0;
      EXPECT_LT(recv(descriptor, &byte, 1, 0), 0);
      EXPECT_EQ(errno, ECONNREFUSED);
      if (++errors == 2) loop.stop();
      send(descriptor, "x", 1, 0);
    });
    watcher.watch({.readable = true});
    ASSERT_EQ(send(descriptor, "x", 1, 0), 1);
    loop.run();
  }
  close(descriptor);
  EXPECT_EQ(errors, 2);
}

TEST(UdpSocketTest, CarriesDatagramsBothWays) {
  Loop loop;
  std::string answer;
  std::optional<UdpSocket> server;
  std::optional<UdpSocket> client;
  server.emplace(*UdpSocket::bind(loop, *Endpoint::parse("127.0.0.1:0"),
                                  [&](std::string_view bytes, const Endpoint& sender) {
                                    EXPECT_TRUE(server->send(bytes, sender));
                                  }));
  client.emplace(*UdpSocket::bind(loop, *Endpoint::parse("127.0.0.1:0"),
                                  [&](std::string_view bytes, const Endpoint& sender) {
                                    EXPECT_EQ(sender, server->local());
                                    answer = bytes;
                                    loop.stop();
                                  }));
  EXPECT_TRUE(client->send("probe", server->local()));
  loop.run();
  EXPECT_EQ(answer, "probe");
}

TEST(UdpSocketTest, NamesTheEndpointItCannotBind) {
  Loop loop;
  const auto socket = UdpSocket::bind(loop, *Endpoint::parse("192.0.2.1:9"), {});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().message(), "bind 192.0.2.1:9: address not available");
}

TEST(LookupTest, FindsLocalhost) {
  if (access("/etc/hosts", R_OK) != 0) GTEST_SKIP() << "no /etc/hosts that names localhost";
  Loop loop;
  std::vector<IpAddress> addresses;
  std::optional<Lookup> lookup;
  lookup.emplace(*Lookup::start(loop, "localhost", [&](Result<std::vector<IpAddress>> found) {
    lookup.reset();
    ASSERT_TRUE(found);
    addresses = *found;
  }));
  loop.run();
  EXPECT_FALSE(addresses.empty());
}

TEST(LookupTest, IsSilentOnceDestroyed) {
  Loop loop;
  bool called = false;
  {
    auto lookup = Lookup::start(loop, "localhost", [&](const auto&) { called = true; });
  }
  loop.run();
  EXPECT_FALSE(called);
}

TEST(LookupTest, WaitsForNoThreadOnceDestroyed) {
  Loop loop;
  // Every thread of the pool is busy until they are let go.
  std::promise<void> promise;
  std::shared_future<void> let_go = promise.get_future().share();
  std::vector<uv_work_t> works(1024);
  for (uv_work_t& work : works) {
    work.data = &let_go;
    uv_queue_work(
        loop.get(), &work,
        [](uv_work_t* busy) { static_cast<std::shared_future<void>*>(busy->data)->wait(); },
        [](uv_work_t*, int) {});
  }
  auto lookup = std::make_unique<Lookup>(*Lookup::start(loop, "localhost", [](const auto&) {}));
  EXPECT_EQ(loop.get()->active_reqs.count, works.size() + 1);
  lookup.reset();
  EXPECT_TRUE(run_until(loop, [&] { return loop.get()->active_reqs.count == works.size(); }));
  promise.set_value();
  loop.run();
}

}  // namespace
}  // namespace meshcheck::uv

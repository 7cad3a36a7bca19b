#include "lib/kube/lease.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "lib/testing/fake_kube_api.h"
#include "lib/testing/loop.h"

namespace meshcheck::kube {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using Step = LeaseRecord::Step;

constexpr Clock::time_point kStart{std::chrono::hours(1)};
const WallTime kWall{seconds(1'700'000'000)};

LeaseRecord record_of(const std::string& identity) {
  return LeaseRecord({.name = "mover", .name_space = "net", .identity = identity});
}

json lease_of(const std::string& holder, const std::string& renewed) {
  return json::parse(
      R"({"metadata":{"name":"mover","resourceVersion":"7"},"spec":{"holderIdentity":")" + holder +
      R"(","leaseDurationSeconds":15,"leaseTransitions":3,"renewTime":")" + renewed + "\"}}");
}

LeaseRecord::Next seen(LeaseRecord& record, const std::optional<json>& lease, Clock::time_point now,
                       WallTime wall) {
  return record.seen(lease ? &*lease : nullptr, now, wall);
}

TEST(LeaseTest, IsMadeByWhoFindsNone) {
  LeaseRecord record = record_of("a");
  const auto next = seen(record, std::nullopt, kStart, kWall);
  EXPECT_EQ(next.step, Step::kCreate);
  const json& body = next.object;
  EXPECT_EQ(body["spec"]["holderIdentity"], "a");
  EXPECT_EQ(body["spec"]["leaseTransitions"], 0);
  EXPECT_EQ(body["spec"]["renewTime"], "2023-11-14T22:13:20.000000Z");
  EXPECT_FALSE(record.held(kStart));
  record.written();
  EXPECT_TRUE(record.held(kStart + seconds(9)));
  EXPECT_FALSE(record.held(kStart + seconds(10)));
}

TEST(LeaseTest, IsLeftToItsHolderWhileThatRenewsIt) {
  LeaseRecord record = record_of("b");
  for (int second = 0; second < 120; second += 5) {
    const auto next =
        seen(record, lease_of("a", "t" + std::to_string(second)), kStart + seconds(second), kWall);
    ASSERT_EQ(next.step, Step::kNone) << second;
  }
  EXPECT_FALSE(record.held(kStart));
}

TEST(LeaseTest, IsTakenWhenItsHolderHasGone) {
  LeaseRecord record = record_of("b");
  ASSERT_EQ(seen(record, lease_of("a", "t"), kStart, kWall).step, Step::kNone);
  ASSERT_EQ(seen(record, lease_of("a", "t"), kStart + seconds(14), kWall).step, Step::kNone);
  const auto next = seen(record, lease_of("a", "t"), kStart + seconds(15), kWall);
  ASSERT_EQ(next.step, Step::kReplace);
  const json& body = next.object;
  EXPECT_EQ(body["spec"]["holderIdentity"], "b");
  EXPECT_EQ(body["spec"]["leaseTransitions"], 4);
  EXPECT_EQ(body["metadata"]["resourceVersion"], "7");
}

TEST(LeaseTest, IsHeldBeforeAnotherMayTakeItAndNoLonger) {
  LeaseRecord holder = record_of("a");
  ASSERT_EQ(seen(holder, lease_of("a", "t"), kStart, kWall).step, Step::kReplace);
  holder.written();
  LeaseRecord other = record_of("b");
  ASSERT_EQ(seen(other, lease_of("a", "t2"), kStart, kWall).step, Step::kNone);
  // Whoever looks at whatever moment: there are never two.
  for (int second = 0; second < 30; ++second) {
    const auto now = kStart + seconds(second);
    const bool may_take = seen(other, lease_of("a", "t2"), now, kWall).step == Step::kReplace;
    EXPECT_FALSE(may_take && holder.held(now)) << second;
  }
}

TEST(LeaseTest, IsLostOnceAnotherIsItsHolder) {
  LeaseRecord record = record_of("a");
  ASSERT_EQ(seen(record, std::nullopt, kStart, kWall).step, Step::kCreate);
  record.written();
  ASSERT_TRUE(record.held(kStart));
  ASSERT_EQ(seen(record, lease_of("b", "t"), kStart + seconds(1), kWall).step, Step::kNone);
  EXPECT_FALSE(record.held(kStart + seconds(1)));
}

TEST(LeaseTest, IsTakenWhenNobodyHoldsIt) {
  LeaseRecord record = record_of("a");
  EXPECT_EQ(seen(record, json::parse(R"({"metadata":{}})"), kStart, kWall).step, Step::kReplace);
  EXPECT_EQ(seen(record, lease_of("", "t"), kStart, kWall).step, Step::kReplace);
}

TEST(LeaseTest, IsMadeAndKeptInTheApi) {
  uv::Loop loop;
  FakeApi api(loop);
  http::Client http(loop, {.connections_max = 2});
  Client client(loop, http, api.config());
  const LeaseRecord::Options options{
      .name = "mover", .name_space = "net", .identity = "a", .duration = std::chrono::seconds(3)};
  Lease lease(client, options, Log({.level = Log::Level::kError}));
  EXPECT_FALSE(lease.held());
  ASSERT_TRUE(uv::run_until(loop, [&] { return lease.held() && api.count("PUT") == 1; }));
  const std::string path = "/apis/coordination.k8s.io/v1/namespaces/net/leases";
  EXPECT_EQ(api.requests[0], "GET " + path + "/mover");
  EXPECT_EQ(api.requests[1], "POST " + path);
  api.fail("PUT", 409);
  ASSERT_TRUE(uv::run_until(loop, [&] { return api.count("PUT") == 3; }));
}

TEST(LeaseTest, LogsItsLossOnlyOnceItWasAcquired) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  std::string logged;
  const auto has_logged = [&](const char* text) {
    std::array<char, 4096> bytes{};
    const ssize_t got = read(ends[0], bytes.data(), bytes.size());
    if (got > 0) logged.append(bytes.data(), static_cast<std::size_t>(got));
    return logged.find(text) != std::string::npos;
  };
  uv::Loop loop;
  FakeApi api(loop);
  http::Client http(loop, {.connections_max = 2});
  Client client(loop, http, api.config());
  api.next_answers.push_back(FakeApi::answer(500, "{}"));
  Lease lease(client,
              {.name = "mover", .name_space = "net", .identity = "a", .duration = seconds(2)},
              Log({.descriptor = ends[1]}));
  ASSERT_TRUE(uv::run_until(loop, [&] { return has_logged("event=\"lease acquired\""); }));
  EXPECT_TRUE(has_logged("event=\"lease not acquired\"")) << logged;
  EXPECT_FALSE(has_logged("event=\"lease not renewed\"")) << logged;
  EXPECT_FALSE(has_logged("event=\"lease lost\"")) << logged;
  const std::string path = "/apis/coordination.k8s.io/v1/namespaces/net/leases/mover";
  api.objects[path]["spec"]["holderIdentity"] = "b";
  ASSERT_TRUE(uv::run_until(loop, [&] { return has_logged("event=\"lease lost\""); }));
  EXPECT_FALSE(lease.held());
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace meshcheck::kube

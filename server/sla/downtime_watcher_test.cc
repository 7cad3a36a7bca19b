#include "server/sla/downtime_watcher.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/testing/fake_kube_api.h"
#include "lib/testing/loop.h"

namespace meshcheck::server {
namespace {

using kube::FakeApi;
using std::chrono::milliseconds;

std::string object(const std::string& version, const std::string& spec) {
  return R"({"metadata":{"name":"disks","uid":"u-1","resourceVersion":")" + version +
         R"("},"spec":)" + spec + "}";
}

constexpr const char* kSpec =
    R"([{"startDate":"100","endDate":"200","type":"Maintenance","affected":["synthetic"]},)"
    R"({"startDate":"never","endDate":"200","type":"Maintenance"}])";

class DowntimeWatcherTest : public testing::Test {
 protected:
  DowntimeWatcherTest() {
    api_.emplace(loop_);
    api_->put("/apis/meshcheck.io/v1alpha1/downtimes", object("5", kSpec));
  }

  void start() {
    kube::Reflector::Options options;
    options.retry_min = milliseconds(5);
    options.retry_max = milliseconds(20);
    options.open_after = milliseconds(20);
    kube::Config where;
    where.server = api_->url();
    where.token = "token";
    watcher_.emplace(
        DowntimeWatcher::Owner{loop_, downtimes_, probes_, Log({.level = Log::Level::kError})},
        where, options, milliseconds(20));
  }
  std::vector<sla::Downtime> held() {
    return downtimes_.with([](const sla::DowntimeTable& table) {
      return table.within(sla::Seconds(), sla::Seconds(std::chrono::seconds(1000)));
    });
  }
  bool wait_for(std::size_t count) {
    return uv::run_until(loop_, [&] { return held().size() == count; });
  }

  uv::Loop loop_;
  std::optional<FakeApi> api_;
  // Of the group, half a minute ago.
  void know(const std::string& group) {
    const auto now = std::chrono::floor<std::chrono::seconds>(WallClock::now());
    probes_.with([&](sla::SlaTable& table) {
      table.restore({.ref = {group, "one"},
                     .start = sla::floor_to(now, sla::kEpisodeLength),
                     .timers = {.up = std::chrono::seconds(30)}});
    });
  }

  Guarded<sla::DowntimeTable> downtimes_;
  Guarded<sla::SlaTable> probes_{sla::SlaTable::Options{}};
  std::optional<DowntimeWatcher> watcher_;
};

TEST_F(DowntimeWatcherTest, FollowsObjectsAndLeavesOutBadItems) {
  start();
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(held()[0].uid, "u-1");
  EXPECT_EQ(held()[0].name, "disks");
  ASSERT_TRUE(uv::run_until(loop_, [&] { return api_->watched("/meshcheck.io/"); }));
  api_->tell_to("/meshcheck.io/",
                FakeApi::event("MODIFIED", object("6", R"([{"startDate":100,"endDate":200,)"
                                                       R"("type":"Accident"},{"startDate":150,)"
                                                       R"("endDate":250,"type":"Accident"}])")));
  ASSERT_TRUE(wait_for(2));
  api_->tell_to("/meshcheck.io/", FakeApi::event("DELETED", object("7", "[]")));
  EXPECT_TRUE(wait_for(0));
}

TEST_F(DowntimeWatcherTest, TellsInTheObjectWhatBecameOfItAndOnlyOnce) {
  start();
  const std::string path = "/apis/meshcheck.io/v1alpha1/downtimes/disks";
  const std::string events = "/api/v1/namespaces/default/events";
  ASSERT_TRUE(uv::run_until(loop_, [&] { return api_->count("POST " + events) == 1; }));
  const nlohmann::json condition = api_->objects[path]["status"]["conditions"][0];
  EXPECT_EQ(condition["type"], "Accepted");
  EXPECT_EQ(condition["status"], "False");
  const auto message = condition["message"].get<std::string>();
  EXPECT_TRUE(message.starts_with("1 of 2 items count; item 1: ")) << message;
  // The API tells of the change that we made.
  ASSERT_TRUE(uv::run_until(loop_, [&] { return api_->watched("/meshcheck.io/"); }));
  api_->tell_to("/meshcheck.io/", FakeApi::event("MODIFIED", api_->objects[path].dump()));
  nlohmann::json mended = api_->objects[path];
  mended["spec"] = nlohmann::json::parse(R"([{"startDate":100,"endDate":200,"type":"Accident"}])");
  mended["metadata"]["generation"] = 2;
  mended["metadata"]["resourceVersion"] = "999";
  api_->tell_to("/meshcheck.io/", FakeApi::event("MODIFIED", mended.dump()));
  ASSERT_TRUE(uv::run_until(
      loop_, [&] { return api_->objects[path]["status"]["conditions"][0]["status"] == "True"; }));
  EXPECT_EQ(api_->objects[path]["status"]["conditions"][0]["observedGeneration"], 2);
  EXPECT_EQ(api_->count("PATCH " + path), 2U) << "nothing was told twice";
  EXPECT_EQ(api_->count("POST " + events), 1U);
}

TEST_F(DowntimeWatcherTest, SaysThatNoProbeIsKnownOfWhatAnObjectNames) {
  know("synthetic");
  const std::string path = "/apis/meshcheck.io/v1alpha1/downtimes";
  api_->put(path, object("5", R"([{"startDate":"100","endDate":"200","type":"Maintenance",)"
                              R"("affected":["synthetic","sinthetic","synthetic/two"]}])"));
  start();
  ASSERT_TRUE(wait_for(1)) << "it counts nevertheless";
  const std::string events = "/api/v1/namespaces/default/events";
  ASSERT_TRUE(uv::run_until(loop_, [&] { return api_->count("POST " + events) == 1; }));
  const nlohmann::json condition = api_->objects[path + "/disks"]["status"]["conditions"][0];
  EXPECT_EQ(condition["status"], "True");
  EXPECT_EQ(condition["reason"], "UnknownProbes");
  EXPECT_EQ(condition["message"], "1 item counts; no probe is known of sinthetic, synthetic/two");
}

TEST_F(DowntimeWatcherTest, JudgesNamesOnceProbesAreKnownAndAgainWhenThereAreOthers) {
  const std::string path = "/apis/meshcheck.io/v1alpha1/downtimes";
  api_->put(path, object("5", R"([{"startDate":"100","endDate":"200","type":"Maintenance",)"
                              R"("affected":["deckhouse"]}])"));
  start();
  const auto reason = [&]() -> std::string {
    const nlohmann::json& conditions = api_->objects[path + "/disks"]["status"]["conditions"];
    return conditions.is_array() ? conditions[0]["reason"].get<std::string>() : "";
  };
  ASSERT_TRUE(uv::run_until(loop_, [&] { return reason() == "AllItemsCount"; }))
      << "after a start with no data nothing is known of any name";
  know("synthetic");
  ASSERT_TRUE(uv::run_until(loop_, [&] { return reason() == "UnknownProbes"; }));
  know("deckhouse");
  EXPECT_TRUE(uv::run_until(loop_, [&] { return reason() == "AllItemsCount"; }));
  EXPECT_EQ(api_->count("POST /api/v1/namespaces/default/events"), 1U);
}

TEST_F(DowntimeWatcherTest, NamesFewOfTheUnknownInOneSentence) {
  EXPECT_EQ(names_shown({"a", "b"}), "a, b");
  EXPECT_EQ(names_shown({"a", "b", "c", "d", "e", "f"}), "a, b, c, d, e and more");
}

TEST_F(DowntimeWatcherTest, SaysNothingOfGroupsThatHaveProbes) {
  know("synthetic");
  const std::string path = "/apis/meshcheck.io/v1alpha1/downtimes";
  api_->put(path, object("5", R"([{"startDate":"100","endDate":"200","type":"Maintenance",)"
                              R"("affected":["synthetic","synthetic/one"]}])"));
  start();
  ASSERT_TRUE(uv::run_until(loop_, [&] { return api_->count("PATCH " + path) == 1; }));
  EXPECT_EQ(api_->objects[path + "/disks"]["status"]["conditions"][0]["reason"], "AllItemsCount");
  EXPECT_EQ(api_->count("POST /api/v1/namespaces/default/events"), 0U);
}

TEST_F(DowntimeWatcherTest, AsksAgainWhereThereAreNoSuchObjects) {
  for (int i = 0; i < 4; ++i)
    api_->next_answers.push_back(FakeApi::answer(404, "404 page not found"));
  start();
  EXPECT_TRUE(wait_for(1));
}

}  // namespace
}  // namespace meshcheck::server

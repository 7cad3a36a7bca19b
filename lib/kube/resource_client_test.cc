#include "lib/kube/resource_client.h"

#include <gtest/gtest.h>

#include "lib/testing/fake_kube_api.h"
#include "lib/testing/loop.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::kube {
namespace {

using nlohmann::json;
using Deletion = ResourceClient::Deletion;

const Resource kMeshes{
    .group = "meshcheck.io", .version = "v1alpha1", .plural = "meshes", .name_space = "net"};
const std::string kPath = "/apis/meshcheck.io/v1alpha1/namespaces/net/meshes";

class ResourceClientTest : public testing::Test {
 protected:
  json mesh(int size) const {
    json object{{"apiVersion", "meshcheck.io/v1alpha1"}, {"kind", "Mesh"}};
    object["metadata"] = {{"name", "a"}};
    object["spec"] = {{"size", size}, {"zone", "east"}};
    return object;
  }
  ResourceClient::OnAnswer take() {
    answer_.reset();
    return [this](const ObjectAnswer& answer) { answer_ = answer; };
  }
  // What came in the end; of a failure, its sentence.
  const ObjectAnswer& wait() {
    EXPECT_FALSE(answer_) << "later, it says";
    EXPECT_TRUE(uv::run_until(loop_, [this] { return answer_.has_value(); }));
    return *answer_;
  }
  // The names in the list, and why there are no more.
  std::string list(const std::string& selector = "") {
    std::string told;
    bool ended = false;
    objects_.list(
        kMeshes, selector,
        [&](const json& object) { told += object["metadata"]["name"].get<std::string>() + " "; },
        [&](const std::optional<Failure>& failure) {
          if (failure) told += failure->sentence;
          ended = true;
        });
    EXPECT_TRUE(uv::run_until(loop_, [&] { return ended; }));
    return told;
  }
  std::string last_request() const {
    return api_.texts.back().substr(0, api_.texts.back().find('\r'));
  }

  uv::Loop loop_;
  FakeApi api_{loop_};
  http::Client http_{loop_, {.connections_max = 2}};
  Client client_{loop_, http_, api_.config()};
  ResourceClient objects_{client_};
  std::optional<ObjectAnswer> answer_;
};

TEST_F(ResourceClientTest, WritesReadsAndDeletesObjects) {
  objects_.create(kMeshes, mesh(1), take());
  EXPECT_EQ(wait().object["metadata"]["uid"], "uid-" + kPath + "/a");
  objects_.get(kMeshes, "a", take());
  EXPECT_EQ(wait().object["spec"], mesh(1)["spec"]);
  objects_.merge(kMeshes, "a", {{"spec", {{"size", 2}, {"zone", nullptr}}}}, take());
  EXPECT_EQ(wait().object["spec"], (json{{"size", 2}}));
  EXPECT_NE(api_.texts.back().find("\r\nContent-Type: application/merge-patch+json\r\n"),
            std::string::npos);
  objects_.remove(kMeshes, "a", Deletion::kGraceful, take());
  EXPECT_FALSE(wait().failure);
  EXPECT_EQ(last_request(), "DELETE " + kPath + "/a?propagationPolicy=Background HTTP/1.1");
  objects_.remove(kMeshes, "a", Deletion::kAtOnce, take());
  EXPECT_TRUE(wait().not_found());
  EXPECT_EQ(last_request(),
            "DELETE " + kPath + "/a?gracePeriodSeconds=0&propagationPolicy=Background HTTP/1.1");
}

TEST_F(ResourceClientTest, AppliesAnObjectThatIsNewOrNot) {
  for (const int size : {1, 2}) {
    objects_.apply(kMeshes, "a", mesh(size), "meshcheck-operator", take());
    EXPECT_EQ(wait().object["spec"]["size"], size);
  }
  EXPECT_EQ(last_request(),
            "PATCH " + kPath + "/a?fieldManager=meshcheck-operator&force=true HTTP/1.1");
  EXPECT_NE(api_.texts.back().find("\r\nContent-Type: application/apply-patch+yaml\r\n"),
            std::string::npos);
}

TEST_F(ResourceClientTest, OverwritesNothingThatItHasNotRead) {
  objects_.create(kMeshes, mesh(1), take());
  json read = wait().object;
  objects_.create(kMeshes, mesh(1), take());
  EXPECT_EQ(wait().failure->kind, Failure::Kind::kConflict);
  read["spec"]["size"] = 2;
  objects_.replace(kMeshes, "a", read, take());
  EXPECT_EQ(wait().object["spec"]["size"], 2);
  objects_.replace(kMeshes, "a", read, take());
  EXPECT_EQ(wait().failure->kind, Failure::Kind::kConflict);
  EXPECT_EQ(answer_->failure->sentence.find("the Kubernetes API failed (409) to update "
                                            "meshes.meshcheck.io in namespace net"),
            0U)
      << answer_->failure->sentence;
}

TEST_F(ResourceClientTest, ListsAllPagesOfASelection) {
  api_.page_size = 2;
  for (const std::string name : {"a", "b", "c", "d"}) {
    api_.put(kPath, R"({"metadata":{"name":")" + name + R"(","labels":{"in":")" +
                        (name == "b" ? "no" : "yes") + "\"}}}");
  }
  EXPECT_EQ(list("in=yes"), "a c d ");
  EXPECT_EQ(api_.targets,
            (std::vector<std::string>{kPath + "?limit=250&labelSelector=in%3Dyes",
                                      kPath + "?limit=250&labelSelector=in%3Dyes&continue=2"}));
}

TEST_F(ResourceClientTest, SaysWhyAListIsNotWhole) {
  api_.put(kPath, R"({"metadata":{"name":"a"}})");
  EXPECT_EQ(list(), "a ");
  api_.next_answers = {FakeApi::answer(200, R"({"items":null})"), FakeApi::answer(200, "{}"),
                       FakeApi::answer(200, "7"), FakeApi::answer(403, "{}")};
  EXPECT_EQ(list(), "");
  const std::string what = " to list meshes.meshcheck.io in namespace net";
  EXPECT_EQ(list(), "the Kubernetes API answered no list" + what);
  EXPECT_EQ(list(), "the Kubernetes API answered no object" + what);
  EXPECT_EQ(list().find("the Kubernetes API forbids us" + what), 0U);
  api_.next_answers.assign(100,
                           FakeApi::answer(200, R"({"items":[],"metadata":{"continue":"x"}})"));
  EXPECT_EQ(list(), "there are more than 10000 meshes");
  EXPECT_EQ(api_.next_answers.size(), 60U);
}

TEST_F(ResourceClientTest, GivesUpInTime) {
  api_.silent = true;
  ResourceClient hasty(client_, std::chrono::milliseconds(20));
  hasty.get(kMeshes, "a", take());
  EXPECT_EQ(wait().failure->kind, Failure::Kind::kUnreachable);
}

TEST_F(ResourceClientTest, ANewQuestionTakesBackTheOneBefore) {
  objects_.get(kMeshes, "a", [](const ObjectAnswer&) { ADD_FAILURE() << "it was taken back"; });
  objects_.get(kMeshes, "b", take());
  EXPECT_TRUE(wait().not_found());
  objects_.get(kMeshes, "a", [](const ObjectAnswer&) { ADD_FAILURE() << "it was stopped"; });
  objects_.stop();
  uv::run_until(
      loop_, [] { return false; }, std::chrono::milliseconds(10));
}

TEST_F(ResourceClientTest, AMissingTokenIsAnAnswer) {
  Config config = api_.config();
  config.token_file = TemporaryDirectory().path() + "/none";
  Client client(loop_, http_, config);
  ResourceClient objects(client);
  uv::Timer turner(loop_, [] {});  // Nothing else wakes the loop.
  turner.start_repeating(std::chrono::milliseconds(1));
  objects.get(kMeshes, "a", take());
  EXPECT_TRUE(wait().is_ours());
  EXPECT_NE(answer_->failure->sentence.find("/none"), std::string::npos);
  EXPECT_TRUE(api_.requests.empty());
}

TEST_F(ResourceClientTest, MayBeDestroyedInsideAnAnswer) {
  std::optional<ResourceClient> own(std::in_place, client_);
  own->get(kMeshes, "a", [&](const ObjectAnswer&) { own.reset(); });
  EXPECT_TRUE(uv::run_until(loop_, [&] { return !own; }));
  own.emplace(client_);
  own->list(
      kMeshes, "", [](const json&) {}, [&](const std::optional<Failure>&) { own.reset(); });
  EXPECT_TRUE(uv::run_until(loop_, [&] { return !own; }));
}

TEST(ResourceTest, HasPathsForAllSortsOfObjects) {
  EXPECT_EQ(kMeshes.path(), kPath);
  EXPECT_EQ((Resource{.plural = "nodes"}.path("a/b")), "/api/v1/nodes/a%2Fb");
}

}  // namespace
}  // namespace meshcheck::kube

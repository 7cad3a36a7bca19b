#include "server/mesh/ping_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "mesh/table/table_testing.h"

namespace meshcheck::server {
namespace {

using nlohmann::json;

class PingApiTest : public ::testing::Test {
 protected:
  // Of the agents pod1, host1, pod2, ...
  void report(std::size_t number, mesh::Layer layer, bool takes_pings = true,
              std::vector<mesh::PingResult> results = {}) {
    auto said = mesh::testing::report_of(number, layer);
    if (takes_pings) said.pings = std::move(results);
    const std::string name = std::string(mesh::text(layer)) + std::to_string(number);
    mesh_.with([&](mesh::Mesh& mesh) {
      mesh.report({.name = name,
                   .node = "node" + std::to_string(number),
                   .report_interval = std::chrono::seconds(5),
                   .wall = {}},
                  said, now());
    });
  }
  http::Response post(const std::string& body, const std::string& type = "application/json") {
    http::Request request;
    request.method = http::Method::kPost;
    request.headers = {{"Content-Type", type}};
    request.body = body;
    return post_ping(mesh_, request, Log());
  }
  std::string refusal(const std::string& body) {
    const http::Response response = post(body);
    return std::to_string(response.status) + ' ' + response.body;
  }
  http::Response get(const std::string& id) {
    http::Request request;
    request.method = http::Method::kGet;
    request.parameter = id;
    return get_ping(mesh_, request);
  }

  Guarded<mesh::Mesh> mesh_{mesh::Mesh::Options{}};
};

TEST_F(PingApiTest, ShowsAnOrderAndThenItsResult) {
  for (const auto layer : {mesh::Layer::kPod, mesh::Layer::kHost}) {
    report(1, layer);
    report(2, layer);
  }
  const http::Response response = post(R"({"from":"node1","to":"node2","size":1400,"count":2})");
  ASSERT_EQ(response.status, 202) << response.body;
  const json ordered = json::parse(response.body);
  EXPECT_EQ(ordered["state"], "ordered");
  EXPECT_EQ(ordered["from"], "host1");
  EXPECT_EQ(ordered["to"], "host2");
  EXPECT_EQ(ordered["to_node"], "node2");
  EXPECT_EQ(ordered["layer"], "host");
  EXPECT_EQ(ordered["address"], mesh::testing::address_of(2).text());
  EXPECT_FALSE(ordered.contains("sent"));
  const std::string id = ordered["id"].dump();
  EXPECT_EQ(json::parse(get(id).body), ordered);

  using std::chrono::microseconds;
  report(1, mesh::Layer::kHost, true,
         {{.id = ordered["id"],
           .round_trips = {microseconds(210), std::nullopt},
           .lost_backward = 1,
           .error = "no answer"}});
  const json done = json::parse(get(id).body);
  EXPECT_EQ(done["state"], "done");
  EXPECT_EQ(done["sent"], 2);
  EXPECT_EQ(done["lost"], 1);
  EXPECT_EQ(done["lost_backward"], 1);
  EXPECT_EQ(done["rtt_ms"], json::parse("[0.21,null]"));
  EXPECT_EQ(done["error"], "no answer");
  http::Request all;
  EXPECT_EQ(json::parse(get_pings(mesh_, all).body)["pings"], json::array({done}));
  EXPECT_EQ(get("0" + id).status, 404);
  EXPECT_EQ(get("").status, 404);
}

TEST_F(PingApiTest, TakesAgentsByNameAndALayer) {
  report(1, mesh::Layer::kPod);
  report(2, mesh::Layer::kPod);
  report(2, mesh::Layer::kHost);
  EXPECT_EQ(json::parse(post(R"({"from":"pod1","to":"node2"})").body)["to"], "pod2");
  EXPECT_EQ(json::parse(post(R"({"from":"node1","to":"pod2","layer":"pod"})").body)["to"], "pod2");
  EXPECT_EQ(json::parse(post(R"({"from":"node1","to":"node2","family":"ipv4"})").body)["layer"],
            "pod");
  EXPECT_EQ(refusal(R"({"from":"node2","to":"node1"})"),
            "404 No agent reports from node1 on the host network.\n");
  EXPECT_EQ(refusal(R"({"from":"node1","to":"node2","family":"ipv6"})"),
            "409 Agent pod2 has no address and port that agent pod1 can probe.\n");
  EXPECT_EQ(refusal(R"({"from":"node1","to":"pod1"})"), "400 from and to are the same agent.\n");
}

TEST_F(PingApiTest, SaysWhyAnAgentCannotBeAsked) {
  report(1, mesh::Layer::kPod, /*takes_pings=*/false);
  report(2, mesh::Layer::kPod);
  EXPECT_EQ(refusal(R"({"from":"node1","to":"node2"})"),
            "409 Agent pod1 is too old to take orders; a newer one does.\n");
  EXPECT_EQ(refusal(R"({"from":"node3","to":"node2"})"), "404 No agent reports from node3.\n");
  report(1, mesh::Layer::kPod);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(post(R"({"from":"node1","to":"node2"})").status, 202);
  }
  EXPECT_EQ(refusal(R"({"from":"node1","to":"node2"})"),
            "503 As many pings as may be are under way; try again later.\n");
}

TEST_F(PingApiTest, NamesTheKeyThatIsWrong) {
  EXPECT_EQ(post("{}", "text/plain").status, 415);
  EXPECT_EQ(refusal("[]"), "400 an object with from and to is expected\n");
  EXPECT_EQ(refusal("{}"), "400 from: a node or an agent is expected\n");
  EXPECT_EQ(refusal(R"({"from":"a"})"), "400 to: a node or an agent is expected\n");
  EXPECT_EQ(refusal(R"({"from":1})"), "400 from: a text is expected\n");
  EXPECT_EQ(refusal(R"({"from":"a","to":"b","count":0})"),
            "400 count: a whole number from 1 to 100 is expected\n");
  EXPECT_EQ(refusal(R"({"from":"a","to":"b","size":9217})"),
            "400 size: a whole number from 0 to 9216 is expected\n");
  EXPECT_EQ(refusal(R"({"from":"a","to":"b","layer":"x"})"),
            "400 layer: pod or host is expected\n");
  EXPECT_EQ(refusal(R"({"from":"a","to":"b","speed":1})"),
            "400 speed: no such key: from, to, layer, family, size and count are known\n");
}

}  // namespace
}  // namespace meshcheck::server

#include "server/mesh/mesh_query.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using Parse = Result<MeshQuery> (*)(const http::Request&);

Result<MeshQuery> parse(const std::string& query, const std::string& accept = "*/*",
                        Parse parse_query = parse_mesh_query) {
  http::Request request;
  request.query = query;
  request.headers = {{"Accept", accept}};
  return parse_query(request);
}

Result<MeshQuery> parse_pmtu(const std::string& query) {
  return parse(query, "*/*", parse_pmtu_query);
}

TEST(MeshQueryTest, ReadsEachKey) {
  const auto query = parse("layer=host&state=down&relation=twin&node=a%20b&format=csv");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->layer, mesh::Layer::kHost);
  EXPECT_EQ(query->state, mesh::PathState::kDown);
  EXPECT_EQ(query->relation, mesh::Relation::kTwin);
  EXPECT_EQ(query->node, "a b");
  EXPECT_TRUE(query->csv);
  EXPECT_FALSE(parse("")->csv);
  EXPECT_TRUE(parse("", "text/csv, */*;q=0.1")->csv);
  EXPECT_FALSE(parse("format=json", "text/csv")->csv);
}

TEST(MeshQueryTest, SaysWhatIsAllowed) {
  EXPECT_EQ(parse("layer=x").error().message(), "layer: unknown value; allowed are pod, host");
  EXPECT_EQ(parse("state=broken").error().message(),
            "state: unknown value; allowed are unknown, up, degraded, down");
  EXPECT_EQ(parse("relation=x").error().message(),
            "relation: unknown value; allowed are peer, twin, gateway, target");
  EXPECT_EQ(parse("format=xml").error().message(), "format: unknown value; allowed are json, csv");
  EXPECT_EQ(parse("layer=pod&lyer=pod").error().message(),
            "unknown key in the query; allowed are layer, state, relation, node, format");
}

TEST(PmtuQueryTest, ReadsEachKey) {
  const auto query =
      parse_pmtu("layer=pod&class=black_hole&relation=peer&node=a&family=ipv6&format=csv");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->layer, mesh::Layer::kPod);
  EXPECT_EQ(query->fragmentation_class, mesh::FragmentationClass::kBlackHole);
  EXPECT_EQ(query->relation, mesh::Relation::kPeer);
  EXPECT_EQ(query->family, mesh::PathFamily::kIpv6);
  EXPECT_EQ(query->node, "a");
  EXPECT_TRUE(query->csv);
  EXPECT_EQ(parse_pmtu("")->fragmentation_class, std::nullopt);
}

TEST(PmtuQueryTest, SaysWhatIsAllowed) {
  EXPECT_EQ(parse_pmtu("class=bad").error().message(),
            "class: unknown value; allowed are unknown, clear, reduced, reduced_signalled, "
            "black_hole, fragments_dropped, down");
  EXPECT_EQ(parse_pmtu("family=ip").error().message(),
            "family: unknown value; allowed are ipv4, ipv6");
  EXPECT_EQ(parse_pmtu("state=up").error().message(),
            "unknown key in the query; allowed are layer, class, relation, node, family, format");
  EXPECT_EQ(parse("class=clear").error().message(),
            "unknown key in the query; allowed are layer, state, relation, node, format");
}

}  // namespace
}  // namespace meshcheck::server

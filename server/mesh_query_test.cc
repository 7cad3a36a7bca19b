#include "server/mesh_query.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

Result<MeshQuery> parse(const std::string& query, const std::string& accept = "*/*") {
  http::Request request;
  request.query = query;
  request.headers = {{"Accept", accept}};
  return parse_mesh_query(request);
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
            "state: unknown value; allowed are up, degraded, down, unknown");
  EXPECT_EQ(parse("relation=x").error().message(),
            "relation: unknown value; allowed are peer, twin, gateway, target");
  EXPECT_EQ(parse("format=xml").error().message(), "format: unknown value; allowed are json, csv");
  EXPECT_EQ(parse("layer=pod&lyer=pod").error().message(),
            "unknown key in the query; allowed are layer, state, relation, node, format");
}

}  // namespace
}  // namespace meshcheck::server

#include <gtest/gtest.h>
#include <malloc.h>

#include "lib/metrics/registry.h"
#include "lib/metrics/text_writer.h"
#include "mesh/table/mesh_table.h"
#include "mesh/table/pmtu_testing.h"
#include "server/mesh/mesh_metrics.h"
#include "server/mesh/path_text.h"
#include "server/metrics.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using mesh::Layer;
using mesh::PathState;
using mesh::testing::path_to;

class MeshTableTest : public ::testing::Test {
 protected:
  void report(const std::string& name, const mesh::ProbingReport& report,
              const std::string& node = "node") {
    mesh_.table.report({.name = name, .node = node, .report_interval = 5s}, report, clock_.now);
  }

  static mesh::ProbingReport with_totals(std::chrono::seconds uptime, mesh::PathTotals totals) {
    mesh::ProbingReport report = mesh::testing::report_of(1);
    report.agent_uptime = uptime;
    report.totals = totals;
    report.round_trips.counts[1] = totals.sent - totals.lost;
    report.round_trips.sum_us = 100 * (totals.sent - totals.lost);
    return report;
  }

  std::string metrics() const {
    metrics::TextWriter writer;
    write_mesh_metrics(mesh_, writer, clock_.now);
    return writer.take();
  }

  // The value of a series, or "" without one.
  std::string metric(const std::string& series) const {
    const std::string text = metrics();
    const auto at = text.find("\n" + series + " ");
    if (at == std::string::npos) return "";
    const auto begin = at + series.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }

  mesh::testing::TestClock clock_;
  mesh::Mesh mesh_{{.table = {.names_max = 20, .paths_max = 4}, .assigner = {}}};
};

TEST_F(MeshTableTest, ShowsAPathAsJsonAndAsCsv) {
  mesh::ProbingReport one = mesh::testing::report_of(1);
  one.paths = {path_to("b", PathState::kUp, 200ms)};
  one.paths[0].summary.sent = 3;
  one.paths[0].summary.lost = 1;
  one.paths[0].summary.error = "a \"quoted\", word";
  report("a", one, "node-a");
  report("b", mesh::testing::report_of(2), "node-b");
  std::string json;
  std::string csv;
  mesh_.table.visit_agent(*mesh_.table.find("a"), clock_.now, [&](const mesh::PathView& path) {
    append_json(json, path, clock_.now);
    append_csv(csv, path, clock_.now);
  });
  EXPECT_EQ(
      json,
      R"({"from":"a","from_node":"node-a","layer":"pod","to":"b","to_node":"node-b",)"
      R"("relation":"peer","probe":"stamp","family":"ipv4","state":"up","reason":"",)"
      R"("direction":"none","state_since":"2026-11-20T23:59:59.8Z",)"
      R"("last_answer":"2026-11-20T23:59:59.8Z","sent":3,"lost":1,"lost_forward":0,)"
      R"("lost_backward":0,"late":0,"duplicated":0,"reordered":0,"loss":0.333333,)"
      R"("rtt_ms":{"p50":0.101,"p90":0.15,"p99":0.9,"max":1.5},)"
      R"("jitter_ms":{"forward":0.007,"backward":null},"error":"a \"quoted\", word","mtu":null})");
  EXPECT_EQ(csv,
            "a,node-a,pod,b,node-b,peer,stamp,ipv4,up,,none,2026-11-20T23:59:59.8Z,"
            "2026-11-20T23:59:59.8Z,3,1,0,0,0,0,0,0.333333,0.101,0.15,0.9,1.5,0.007,,"
            "\"a \"\"quoted\"\", word\",,,,\r\n");
  const auto commas = [](std::string_view line) {
    return std::count(line.begin(), line.end(), ',');
  };
  EXPECT_EQ(commas(csv) - 1, commas(csv_header()));
}

TEST_F(MeshTableTest, CountsOnOverRestartsAndNeverBack) {
  const std::string sent = "meshcheck_probes_sent_total{node=\"node\",layer=\"pod\"}";
  const std::string forward =
      "meshcheck_probes_lost_total{node=\"node\",layer=\"pod\",direction=\"forward\"}";
  const std::string unresolved = "meshcheck_probes_lost_unresolved{node=\"node\",layer=\"pod\"}";
  mesh::ProbingReport first = with_totals(60s, {.sent = 100, .lost = 9, .lost_forward = 4});
  first.paths = {path_to("x", PathState::kUp)};
  report("a", first);
  EXPECT_EQ(metric(sent), "100");
  EXPECT_EQ(metric(forward), "4");
  EXPECT_EQ(metric(unresolved), "5");
  report("a", with_totals(65s, {.sent = 110, .lost = 8, .lost_forward = 3}));
  EXPECT_EQ(metric(sent), "110");
  EXPECT_EQ(metric(forward), "4") << "a late answer took a loss back";
  report("a", with_totals(70s, {.sent = 120, .lost = 10, .lost_forward = 5}));
  EXPECT_EQ(metric(forward), "5");
  report("a", with_totals(1s, {.sent = 3, .lost = 1, .lost_forward = 1}));
  EXPECT_EQ(metric(sent), "123") << "another session";
  EXPECT_EQ(metric(forward), "6");
  EXPECT_EQ(metric("meshcheck_rtt_seconds_count{node=\"node\",layer=\"pod\"}"), "112");
  EXPECT_EQ(metric("meshcheck_rtt_seconds_bucket{node=\"node\",layer=\"pod\",le=\"0.0001\"}"),
            "112");
  report("successor", with_totals(1s, {.sent = 7}));
  mesh_.leave({"a"});
  EXPECT_EQ(metric(sent), "130") << "the series is the node's";
  mesh_.leave({"successor"});
  EXPECT_EQ(metric(sent), "");
}

TEST_F(MeshTableTest, FreesWhatALeaverUsed) {
  mesh::ProbingReport one = mesh::testing::report_of(1);
  one.paths = {path_to("b", PathState::kDown), path_to("c", PathState::kUp)};
  one.paths[0].summary.error = "connection refused";
  report("a", one);
  report("a", one, "another node");
  EXPECT_EQ(mesh_.table.counts().paths, 2U);
  EXPECT_TRUE(mesh_.table.leave("a"));
  EXPECT_FALSE(mesh_.table.leave("a"));
  EXPECT_EQ(mesh_.table.counts().paths, 0U);
  EXPECT_EQ(mesh_.table.counts().names, 0U);
  EXPECT_TRUE(mesh_.table.series().empty());
}

TEST_F(MeshTableTest, LeavesOutWhatExceedsItsBounds) {
  mesh::ProbingReport one = mesh::testing::report_of(1);
  for (int i = 0; i < 6; ++i) one.paths.push_back(path_to("t" + std::to_string(i), PathState::kUp));
  report("a", one);
  EXPECT_EQ(mesh_.table.counts().paths, 4U);
  EXPECT_EQ(mesh_.table.counts().paths_refused, 2U);
  mesh::ProbingReport few = mesh::testing::report_of(1);
  report("a", few);
  for (int i = 0; i < 30; ++i) report("agent" + std::to_string(i), few, "");
  EXPECT_LE(mesh_.table.counts().names, 20U);
  EXPECT_GT(mesh_.table.counts().names_refused, 0U);
  EXPECT_FALSE(mesh_.table.find("agent29"));
}

TEST_F(MeshTableTest, VisitsAllAgentsInSteps) {
  for (const char* name : {"c", "a", "d", "b"}) {
    mesh::ProbingReport one = mesh::testing::report_of(1);
    one.paths = {path_to("x", PathState::kUp)};
    report(name, one);
  }
  std::string seen;
  int steps = 0;
  std::optional<std::string> after = "";
  for (; after && steps < 10; ++steps) {
    after = mesh_.table.visit(*after, 2, clock_.now,
                              [&](const mesh::PathView& path) { seen += path.from_name; });
    if (steps == 1) mesh_.table.leave("b");  // Where the next step begins.
  }
  EXPECT_EQ(seen, "abcd");
  EXPECT_EQ(steps, 5);
}

TEST_F(MeshTableTest, ShowsSinglePathsOnlyWhileTheyAreDown) {
  mesh::ProbingReport one = mesh::testing::report_of(1);
  one.paths = {path_to("10.0.0.1", PathState::kDown, 5s)};
  one.paths[0].relation = mesh::Relation::kGateway;
  one.paths[0].kind = mesh::ProbeKind::kIcmp;
  report("a", one);
  EXPECT_EQ(metric("meshcheck_path_down{from=\"a\",to=\"10.0.0.1\",layer=\"pod\","
                   "relation=\"gateway\",probe=\"icmp\",family=\"ipv4\",direction=\"unknown\"}"),
            "1");
  EXPECT_EQ(metric("meshcheck_paths_down{node=\"node\",layer=\"pod\",direction=\"unknown\"}"), "1");
  EXPECT_EQ(metric("meshcheck_paths{node=\"node\",layer=\"pod\",state=\"down\"}"), "1");
  one.paths.push_back(one.paths[0]);
  report("a", one);
  const std::string twice = metrics();
  EXPECT_EQ(twice.find("meshcheck_path_down{"), twice.rfind("meshcheck_path_down{"));
  one.paths.pop_back();
  one.paths[0].summary.state = PathState::kUp;
  report("a", one);
  EXPECT_EQ(metrics().find("meshcheck_path_down{"), std::string::npos);
  EXPECT_EQ(metrics().find("meshcheck_paths_down{"), std::string::npos);
}

TEST_F(MeshTableTest, KeepsSizesWithinItsLimits) {
  const auto clear = mesh::testing::way_of(mesh::FragmentationClass::kClear, 1500);
  mesh::ProbingReport one = mesh::testing::report_of(1);
  for (const std::string name : {"e", "d", "c", "b", "f", "g"}) {
    one.paths.push_back(path_to(name, PathState::kUp));
    one.mtus.push_back(mesh::testing::mtu_to(name, clear, clear));
  }
  report("a", one);
  EXPECT_EQ(mesh_.table.counts().mtus, 4U);
  EXPECT_EQ(mesh_.table.counts().mtus_refused, 2U);
  EXPECT_EQ(metric("meshcheck_mesh_mtus"), "4");
  EXPECT_EQ(metric("meshcheck_mesh_mtus_refused_total"), "2");
  EXPECT_EQ(metric("meshcheck_path_mtu_directions{node=\"node\",layer=\"pod\",class=\"clear\"}"),
            "8");
  one.paths.clear();
  one.mtus.clear();
  report("a", one);
  EXPECT_EQ(mesh_.table.counts().mtus, 0U);
  EXPECT_EQ(metrics().find("meshcheck_path_mtu_directions{"), std::string::npos);
}

TEST_F(MeshTableTest, HoldsTheNamesOfRoutersAsLongAsTheyAreNamed) {
  const auto clear = mesh::testing::way_of(mesh::FragmentationClass::kClear, 1500);
  mesh::ProbingReport one = mesh::testing::report_of(1);
  one.paths = {path_to("b", PathState::kUp)};
  one.mtus = {mesh::testing::mtu_to("b", clear, clear)};
  report("a", one);
  const std::size_t names = mesh_.table.counts().names;
  auto& too_big = one.mtus[0].ways[0].too_big;
  too_big =
      mesh::PathMtu::TooBig{.mtu = 1300, .reporter = *IpAddress::parse("10.0.0.9"), .age = 1s};
  report("a", one);
  EXPECT_EQ(mesh_.table.counts().names, names + 1);
  mesh_.table.visit_agent(*mesh_.table.find("a"), clock_.now, [&](const mesh::PathView& path) {
    EXPECT_EQ(path.too_big_from, "10.0.0.9");
  });
  too_big->reporter.reset();
  report("a", one);
  EXPECT_EQ(mesh_.table.counts().names, names);
  mesh_.table.leave("a");
  EXPECT_EQ(mesh_.table.counts().names, 0U);
}

TEST_F(MeshTableTest, NamesAHundredAgentsWhosePaddingIsLost) {
  mesh::Mesh mesh{{}};
  mesh::ProbingReport one = mesh::testing::report_of(1);
  one.padding.lost_for = 10s;
  one.padded_answer.lost_for = 10s;
  const auto text = [&] {
    metrics::TextWriter writer;
    write_mesh_metrics(mesh, writer, clock_.now);
    return writer.take();
  };
  for (int i = 0; i < 60; ++i) {
    mesh.table.report({.name = "a" + std::to_string(i), .node = "n", .report_interval = 5s}, one,
                      clock_.now);
  }
  const std::string full = text();
  EXPECT_NE(full.find("meshcheck_padding_lost{agent=\"a0\",node=\"n\",layer=\"pod\","
                      "direction=\"forward\"} 1\n"),
            std::string::npos);
  EXPECT_NE(full.find("meshcheck_padding_lost_left_out 20\n"), std::string::npos);
  clock_.pass(11s);
  EXPECT_EQ(text().find("meshcheck_padding_lost{"), std::string::npos) << "all are outdated";
}

// A cluster of 1,000 nodes with two agents each.
class LargeMeshTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kNodes = 1000;

  static std::string name(std::size_t node, Layer layer) {
    return "netchecker-agent-" + std::string(layer == Layer::kPod ? "" : "hostnet-") +
           std::to_string(node % kNodes);
  }

  void report(mesh::MeshTable& table, std::size_t node, Layer layer, std::size_t peers) const {
    mesh::ProbingReport report = mesh::testing::report_of(node, layer);
    for (std::size_t i = 1; i <= peers; ++i) {
      report.paths.push_back(path_to(name(node + 7 * i, layer), state_, state_age(i)));
      if (sizes_) report.mtus.push_back(mtu_to(report.paths.back().to, i));
      report.heard.push_back(
          {.address = mesh::testing::address_of(node + i), .ssid = 1, .age = 1s});
    }
    table.report(
        {.name = name(node, layer), .node = "node-" + std::to_string(node), .report_interval = 5s},
        report, clock_.now);
  }

  void report_all(mesh::MeshTable& table, std::size_t peers) const {
    for (std::size_t node = 0; node < kNodes; ++node) {
      report(table, node, Layer::kPod, peers);
      report(table, node, Layer::kHost, peers);
    }
  }

  // Each of the classes that a path which is up may have.
  static mesh::ReportPmtu mtu_to(const std::string& name, std::size_t path) {
    const auto way = mesh::testing::way_of(static_cast<mesh::FragmentationClass>(path % 6), 1400);
    return mesh::testing::mtu_to(name, way, way);
  }

  std::chrono::seconds state_age(std::size_t path) const { return std::chrono::seconds(path); }

  mesh::testing::TestClock clock_;
  PathState state_ = PathState::kUp;
  bool sizes_ = false;
};

std::size_t count_series(const std::string& text) {
  std::size_t series = 0;
  for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
    series += text[begin] == '#' ? 0U : 1U;
  }
  return series;
}

TEST_F(LargeMeshTest, HasAtMostAHundredThousandSeriesEvenIfAllIsDown) {
  Parts state({});
  metrics::Registry registry;
  register_metrics(registry, state);
  clock_.now = now();
  state_ = PathState::kDown;
  sizes_ = true;
  for (std::size_t node = 0; node < kNodes; ++node) {
    for (const Layer layer : {Layer::kPod, Layer::kHost}) {
      mesh::Record record;
      record.podname = name(node, layer);
      record.nodename = "node-" + std::to_string(node);
      record.report_interval = 5;
      record.probes = {{.url = "http://netchecker-service:8081/api/v1/ping"}};
      state.agents.with([&](AgentTable& table) { table.report(std::move(record), clock_.now); });
    }
  }
  state.mesh.with([&](mesh::Mesh& mesh) { report_all(mesh.table, 20); });
  const auto begin = Clock::now();
  const std::string text = metrics_text(state, registry);
  const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
  const std::size_t series = count_series(text);
  RecordProperty("series", std::to_string(series));
  RecordProperty("scrape_ms", std::to_string(took.count()));
  EXPECT_LE(series, 100'000U);
  EXPECT_GT(series, 50'000U);
  EXPECT_NE(text.find("meshcheck_paths_down_left_out 39900\n"), std::string::npos);
}

TEST_F(LargeMeshTest, CountsEachPathsSizesInOneScrape) {
  mesh::Mesh mesh{{}};
  sizes_ = true;
  report_all(mesh.table, 50);
  metrics::TextWriter writer;
  const auto begin = Clock::now();
  write_mesh_metrics(mesh, writer, clock_.now);
  const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
  RecordProperty("scrape_ms", std::to_string(took.count()));
  const std::string text = writer.take();
  EXPECT_EQ(mesh.table.counts().mtus, 2 * kNodes * 50);
  EXPECT_LE(count_series(text), 82'000U);
}

TEST_F(LargeMeshTest, TakesAtMostThirtyTwoBytesForAPathsSizesBesidesNames) {
  mesh::MeshTable table({});
  report_all(table, 20);
  const std::size_t without = mallinfo2().uordblks;
  sizes_ = true;
  report_all(table, 20);
  const double path =
      static_cast<double>(mallinfo2().uordblks - without) / static_cast<double>(2 * kNodes * 20);
  RecordProperty("bytes", std::to_string(path));
  EXPECT_LT(path, 34) << "32, and what the heap takes for an agent's rows";
}

TEST_F(LargeMeshTest, TakesAtMostNinetySixBytesForAPathBesidesNames) {
  mesh::MeshTable table({});
  report_all(table, 20);  // All names are there from here on.
  const std::size_t twenty = mallinfo2().uordblks;
  report_all(table, 40);
  const std::size_t forty = mallinfo2().uordblks;
  const double path = static_cast<double>(forty - twenty) / (2 * kNodes * 20);
  RecordProperty("bytes", std::to_string(path));
  EXPECT_LE(path, 64 + sizeof(mesh::PathMemory));
  EXPECT_EQ(table.counts().paths, 2 * kNodes * 40);
}

}  // namespace
}  // namespace meshcheck::server

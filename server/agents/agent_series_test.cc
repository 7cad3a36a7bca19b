#include "server/agents/agent_series.h"

#include <gtest/gtest.h>

#include "lib/metrics/text_writer.h"
#include "server/agents/agent_metrics.h"
#include "server/agents/agent_table_testing.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

class AgentSeriesTest : public AgentTableTest {
 protected:
  std::string metrics() const {
    metrics::TextWriter writer;
    write_netchecker_metrics(table_, writer);
    return writer.take();
  }
};

TEST_F(AgentSeriesTest, CountsMissedReportsAsNetcheckerDoes) {
  report("a");
  const auto errors = [this] {
    table_.count_missed_reports(now_);
    const std::string text = metrics();
    const std::string series = "ncagent_error_count_total{agent=\"n-private_network\"} ";
    return text.substr(text.find(series) + series.size(), 1);
  };
  pass(9999ms);
  EXPECT_EQ(errors(), "0");
  pass(1ms);
  EXPECT_EQ(errors(), "1");
  EXPECT_EQ(errors(), "1");
  pass(5s);
  EXPECT_EQ(errors(), "2");
  report("a");
  pass(9s);
  EXPECT_EQ(errors(), "2");
}

TEST_F(AgentSeriesTest, LetsARestartedPodGoOnWithItsNodesSeries) {
  report("netchecker-agent-1", "node");
  report("netchecker-agent-hostnet-1", "node");
  report("netchecker-agent-2", "node");
  EXPECT_NE(metrics().find("ncagent_report_count_total{agent=\"node-private_network\"} 2\n"),
            std::string::npos);
  EXPECT_NE(metrics().find("ncagent_report_count_total{agent=\"node-host_network\"} 1\n"),
            std::string::npos);
  table_.remove("netchecker-agent-1");
  EXPECT_NE(metrics().find("node-private_network"), std::string::npos);
  table_.remove("netchecker-agent-2");
  EXPECT_EQ(metrics().find("node-private_network"), std::string::npos);
}

TEST_F(AgentSeriesTest, ShowsTheLastOfSeveralProbesOfOneUrl) {
  mesh::Record twice = record("a");
  for (const std::int64_t total : {1, 2}) twice.probes.push_back({.url = "u", .total_ms = total});
  table_.report(std::move(twice), now_);
  const std::string text = metrics();
  const std::string sample =
      "ncagent_http_probe_total_time_ms{agent=\"n-private_network\",url=\"u\"} ";
  EXPECT_NE(text.find(sample + "2\n"), std::string::npos) << text;
  EXPECT_EQ(text.find(sample), text.rfind(sample)) << text;
}

TEST_F(AgentSeriesTest, HandsOutEachChangeOnceAndAgainAfterAFailure) {
  report("a");
  report("b");
  Changes changes = table_.take_changes(10);
  EXPECT_EQ(changes.agents.size(), 2U);
  ASSERT_EQ(changes.series.size(), 1U);
  EXPECT_EQ(changes.series[0].reports, 2U);
  EXPECT_TRUE(table_.take_changes(10).empty());
  table_.put_back();
  EXPECT_EQ(table_.take_changes(1).agents.size(), 1U);
  EXPECT_EQ(table_.take_changes(10).agents.size(), 1U);
  table_.remove("a");
  changes = table_.take_changes(10);
  ASSERT_EQ(changes.agents.size(), 1U);
  EXPECT_EQ(changes.agents[0].name, "a");
  EXPECT_FALSE(changes.agents[0].record);
  EXPECT_TRUE(changes.series.empty());
}

TEST_F(AgentSeriesTest, GoesOnAfterARestartWhereItWas) {
  table_.restore_agent(record("a"), 3, now_.wall - 8s, now_);
  table_.restore_series("n-private_network", 40, 4);
  table_.restore_series("gone-private_network", 1, 1);
  EXPECT_TRUE(table_.check(now_).ok());
  EXPECT_NE(metrics().find("ncagent_report_count_total{agent=\"n-private_network\"} 40\n"),
            std::string::npos);
  EXPECT_EQ(metrics().find("gone"), std::string::npos);
  pass(3s);
  EXPECT_EQ(table_.check(now_).outdated, Names{"a"});
  EXPECT_TRUE(table_.take_changes(10).empty());
}

}  // namespace
}  // namespace meshcheck::server

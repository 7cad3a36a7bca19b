#include "mesh/sla/check_list.h"

#include <gtest/gtest.h>

namespace meshcheck::sla {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

std::string refusal(const json& root) {
  const auto parsed = parse_check_list(root);
  return parsed ? "accepted" : parsed.error().message();
}

// Of a file whose only group has this probe as its second.
std::string refusal_of_probe(const std::string& probe) {
  return refusal(json::parse(R"({"groups": [{"name": "g", "probes": [
      {"name": "first", "checker": "tcp"}, )" +
                                 probe + "]}]}",
                             nullptr, false));
}

TEST(CheckListTest, ReadsGroupsProbesAndChecks) {
  const auto checks = parse_check_list(json::parse(R"({"groups": [
      {"name": "synthetic", "agents": "all", "layer": "both", "probes": [
        {"name": "dns", "checks": [
          {"name": "smoke", "checker": "http", "period": "200ms", "timeout": "2s", "with": {"a": 1}},
          {"name": "internal", "checker": "dns", "grace": "1m"}]}]},
      {"name": "control-plane", "probes": [{"name": "apiserver", "checker": "kube-apiserver"}]}]})"));
  ASSERT_TRUE(checks) << checks.error().message();
  ASSERT_EQ(checks->size(), 3U);
  const CheckSpec& smoke = (*checks)[0];
  EXPECT_EQ(smoke.text(), "synthetic/dns/smoke");
  EXPECT_EQ(smoke.checker, "http");
  EXPECT_EQ(smoke.period, 200ms);
  EXPECT_EQ(smoke.timeout, 2s);
  EXPECT_EQ(smoke.agents, std::nullopt);
  EXPECT_EQ(smoke.layer, CheckLayer::kBoth);
  EXPECT_EQ(smoke.with, json({{"a", 1}}));
  EXPECT_EQ((*checks)[1].grace, 1min);
  const CheckSpec& apiserver = (*checks)[2];
  EXPECT_EQ(apiserver.text(), "control-plane/apiserver");
  EXPECT_EQ(apiserver.period, 10s);
  EXPECT_EQ(apiserver.timeout, 5s);
  EXPECT_EQ(apiserver.agents, 3U);
  EXPECT_EQ(apiserver.layer, CheckLayer::kPod);
}

TEST(CheckListTest, GivesAShortPeriodAShortTimeout) {
  const auto timeout_of = [](const std::string& period) {
    const auto checks = parse_check_list(
        {{"groups",
          json::array(
              {{{"name", "g"},
                {"probes",
                 json::array({{{"name", "p"}, {"checker", "tcp"}, {"period", period}}})}}})}});
    return checks ? checks->front().timeout : Milliseconds(0);
  };
  EXPECT_EQ(timeout_of("200ms"), 1s);
  EXPECT_EQ(timeout_of("3s"), 3s);
  EXPECT_EQ(timeout_of("1m"), 5s);
}

TEST(CheckListTest, LeavesOutWhatIsDisabled) {
  const auto checks = parse_check_list(json::parse(R"({"disabled": ["a", "b/", "c/two"], "groups": [
      {"name": "a", "probes": [{"name": "one", "checker": "tcp"}]},
      {"name": "b", "probes": [{"name": "one", "checker": "tcp"}]},
      {"name": "c", "probes": [{"name": "one", "checker": "tcp"}, {"name": "two", "checker": "tcp"}]}
      ]})"));
  ASSERT_TRUE(checks) << checks.error().message();
  ASSERT_EQ(checks->size(), 1U);
  EXPECT_EQ(checks->front().text(), "c/one");
}

TEST(CheckListTest, NamesThePlaceOfAnError) {
  const std::string place = "groups[0].probes[1]";
  EXPECT_EQ(refusal_of_probe(R"({"name": "p", "checker": "tcp", "period": "1ms"})"),
            place + ".period: a time from 200ms to 5m is wanted, such as 200ms, 5s or 1m30s");
  EXPECT_EQ(refusal_of_probe(R"({"name": "p", "checker": "tcp", "x": 1})"),
            place + ".x: unknown key");
  EXPECT_EQ(refusal_of_probe(R"({"name": "p", "checks": [{"name": "c"}]})"),
            place + ".checks[0].checker: the name of a checker is wanted");
  EXPECT_EQ(refusal_of_probe(R"({"name": "p", "checks": []})"),
            place + ".checks: at least one is wanted");
  EXPECT_EQ(refusal_of_probe(R"({"name": "p", "period": "1s", "checks": [{}]})"),
            place + ".period: unknown key");
  EXPECT_EQ(refusal_of_probe(R"({"name": "first", "checker": "tcp"})"),
            place + ".name: given twice");
  EXPECT_EQ(refusal_of_probe(R"({"name": "__total__", "checker": "tcp"})"),
            place + ".name: names that begin with __ are taken");
  EXPECT_EQ(refusal_of_probe("1"), place + ": an object is wanted");
  EXPECT_EQ(refusal(json::parse(R"({"groups": [{"name": "g", "agents": 9}]})")),
            "groups[0].agents: 1 to 8, or all");
  EXPECT_EQ(refusal(json::parse(R"({"disabled": ["a//b"]})")),
            "disabled[0]: group or group/probe is wanted");
  EXPECT_EQ(refusal(json::array()), "a mapping with the key groups is wanted");
}

TEST(CheckListTest, HoldsTwoHundredChecks) {
  json probes = json::array();
  for (std::size_t i = 0; i <= kChecksMax; ++i) {
    probes.push_back({{"name", "p" + std::to_string(i)}, {"checker", "tcp"}});
  }
  json root{{"groups", json::array({{{"name", "g"}, {"probes", probes}}})}};
  EXPECT_EQ(refusal(root), "groups[0].probes[200]: more than 200 checks");
  root["groups"][0]["probes"].erase(0);
  EXPECT_EQ(refusal(root), "accepted");
}

}  // namespace
}  // namespace meshcheck::sla

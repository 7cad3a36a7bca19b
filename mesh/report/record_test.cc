#include "mesh/report/record.h"

#include <gtest/gtest.h>

namespace meshcheck::mesh {
namespace {

constexpr WallTime kUpdated{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};
constexpr std::string_view kContext = "Error while unmarshaling data. Details: ";

Result<Record> parse(std::string body, std::string_view name = "p") {
  RecordParser parser;
  body.reserve(body.size() + 64);
  return parser.parse(body, name);
}

std::string reprinted(const std::string& body, std::string_view name = "p") {
  const auto record = parse(body, name);
  return record ? record->json(kUpdated) : record.error().message();
}

// The error without its common beginning.
std::string refusal(const std::string& body) {
  const auto record = parse(body);
  if (record) return "accepted";
  EXPECT_TRUE(record.error().message().starts_with(kContext)) << record.error().message();
  return record.error().message().substr(kContext.size());
}

TEST(RecordParserTest, ReprintsACapturedReportInNetcheckersOrder) {
  const std::string body =
      R"({"report_interval":2,"nodename":"","podname":"p","hostdate":"2026-11-21T01:32:23.444961774Z",)"
      R"("uptime":675,"nslookup":{"127.0.0.1":["127.0.0.1"]},)"
      R"("ips":{"eth0":["192.0.2.2/24","fd00::2/64"],"lo":["127.0.0.1/8","::1/128"]},)"
      R"("network_probes":[{"URL":"http://127.0.0.1:18181/api/v1/ping","ConnectionResult":1,)"
      R"("HTTPCode":200,"Total":9223372036854,"ContentTransfer":9223372036854,"TCPConnection":0,)"
      R"("DNSLookup":0,"Connect":0,"ServerProcessing":1}],"zero_extender":[0,0,0]})";
  EXPECT_EQ(
      reprinted(body),
      R"({"report_interval":2,"nodename":"","podname":"p","hostdate":"2026-11-21T01:32:23.444961774Z",)"
      R"("uptime":675,"last_updated":"2026-11-21T00:00:00Z","nslookup":{"127.0.0.1":["127.0.0.1"]},)"
      R"("network_probes":[{"URL":"http://127.0.0.1:18181/api/v1/ping","ConnectionResult":1,)"
      R"("HTTPCode":200,"Total":9223372036854,"ContentTransfer":9223372036854,"TCPConnection":0,)"
      R"("DNSLookup":0,"Connect":0,"ServerProcessing":1}],)"
      R"("ips":{"eth0":["192.0.2.2/24","fd00::2/64"],"lo":["127.0.0.1/8","::1/128"]}})");
}

TEST(RecordParserTest, TakesKeysInAnyLetterCaseAndTheLastOfSeveral) {
  const auto record =
      parse(R"({"PODNAME":"old","PodName":"p","Report_Interval":7,"unknown":{"x":[1]},)"
            R"("Network_Probes":[{"url":"u","httpcode":204}]})");
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->report_interval, 7);
  ASSERT_EQ(record->probes.size(), 1U);
  EXPECT_EQ(record->probes[0].url, "u");
  EXPECT_EQ(record->probes[0].http_code, 204);
}

TEST(RecordParserTest, PrintsAbsentAndNullValuesAsGoDoes) {
  EXPECT_EQ(
      reprinted(R"({"podname":"p","report_interval":1,"uptime":null,"ips":{"lo":null,"e":[]}})"),
      R"({"report_interval":1,"nodename":"","podname":"p","hostdate":"0001-01-01T00:00:00Z",)"
      R"("uptime":0,"last_updated":"2026-11-21T00:00:00Z","nslookup":null,)"
      R"("network_probes":null,"ips":{"e":[],"lo":null}})");
}

TEST(RecordParserTest, EscapesAsGoDoesAndSortsMaps) {
  const auto record = parse(
      R"({"podname":"p","report_interval":1,"nodename":"<n>","ips":{"b":["1"],"a":["2"],"b":["3"]}})");
  ASSERT_TRUE(record);
  EXPECT_NE(record->json_head.find(R"("nodename":"\u003cn\u003e")"), std::string::npos);
  EXPECT_NE(record->json_tail.find(R"("ips":{"a":["2"],"b":["3"]})"), std::string::npos);
}

TEST(RecordParserTest, KeepsOurOwnKeyBehindNetcheckers) {
  const auto record = parse(
      R"({"podname":"p","report_interval":1,"mesh":{"schema": 1,"links":[]},"zero_extender":[0]})");
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->json_tail.ends_with(R"("ips":null,"mesh":{"schema":1,"links":[]}})"))
      << record->json_tail;
}

TEST(RecordParserTest, TakesANullOfOurOwnKeyAsItsAbsence) {
  const auto record = parse(R"({"podname":"p","report_interval":1,"mesh":null})");
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_TRUE(record->json_tail.ends_with(R"("ips":null})"));
}

// The refusal of a report with this in its `mesh`.
std::string mesh_refusal(const std::string& rest) {
  const std::string text = refusal(
      R"({"podname":"p","report_interval":1,"mesh":{"schema":1,"layer":"pod",)" + rest + "}}");
  return text.starts_with("mesh: ") ? text.substr(6) : text;
}

TEST(RecordParserTest, NamesTheKeyOfTheMeshThatIsWrong) {
  const std::string probing = R"("probing":{},)";
  EXPECT_EQ(mesh_refusal(R"("probing":[])"), "probing: an object is expected");
  EXPECT_EQ(mesh_refusal(R"("probing":{"port":65536})"),
            "probing: port: a whole number from 0 to 65535 is expected");
  EXPECT_EQ(mesh_refusal(R"("probing":{"addresses":["10.0.0.256"]})").substr(0, 19),
            "probing: addresses:");
  EXPECT_EQ(mesh_refusal(R"("probing":{"addresses":["10.0.0.1","10.0.0.2"]})"),
            "probing: addresses: two of one family");
  EXPECT_EQ(mesh_refusal(R"("probing":{"totals":{"sent":-1}})").substr(0, 22),
            "probing: totals: sent:");
  EXPECT_EQ(mesh_refusal(probing + R"("paths":{"columns":["to"],"rows":[["a"],["b","c"]]})"),
            "paths: rows[1]: a list with a value for each column is expected");
  EXPECT_EQ(mesh_refusal(probing + R"("paths":{"columns":["to","state"],"rows":[["a","broken"]]})"),
            "paths: rows[0]: state: an unknown word");
  EXPECT_EQ(
      mesh_refusal(probing + R"("paths":{"columns":["to","sent","lost"],"rows":[["a",1,2]]})"),
      "paths: rows[0]: more is lost than was sent");
  EXPECT_EQ(mesh_refusal(probing + R"("paths":{"columns":["state"],"rows":[["up"]]})"),
            "paths: rows[0]: to: a text is expected");
  EXPECT_EQ(
      mesh_refusal(probing + R"("mtu":{"columns":["to","forward_size"],"rows":[["a",65536]]})"),
      "mtu: rows[0]: forward_size: a whole number from 0 to 65535 is expected");
  EXPECT_EQ(
      mesh_refusal(probing + R"("mtu":{"columns":["to","backward_class"],"rows":[["a","grey"]]})"),
      "mtu: rows[0]: backward_class: an unknown word");
  EXPECT_EQ(
      mesh_refusal(probing + R"("mtu":{"columns":["to","too_big_from"],"rows":[["a","nobody"]]})")
          .substr(0, 28),
      "mtu: rows[0]: too_big_from: ");
  EXPECT_EQ(mesh_refusal(probing + R"("padding":{"stage":"sideways"})"),
            "padding: stage: an unknown word");
  EXPECT_EQ(mesh_refusal(probing + R"("heard":[["10.0.0.1",1]])"),
            "heard: [0]: [address, ssid, age_ms] is expected");
  EXPECT_EQ(mesh_refusal(probing + R"("pings":[{}])"), "pings[0]: id: a number is expected");
  EXPECT_EQ(mesh_refusal(probing + R"("pings":[{"id":1,"round_trips_us":[1],"lost_forward":1}])"),
            "pings[0]: more is lost than was sent");
}

TEST(RecordParserTest, LeavesOutColumnsAndSchemasThatItDoesNotKnow) {
  const auto known = parse(
      R"({"podname":"p","report_interval":1,"mesh":{"schema":1,"layer":"host","probing":{"later":1},)"
      R"("paths":{"columns":["colour","to"],"rows":[["red","a"]]}}})");
  ASSERT_TRUE(known) << known.error().message();
  ASSERT_TRUE(known->mesh);
  EXPECT_EQ(known->mesh->layer, Layer::kHost);
  ASSERT_EQ(known->mesh->paths.size(), 1U);
  EXPECT_EQ(known->mesh->paths[0].to, "a");
  for (const char* mesh : {R"({"schema":2,"probing":7})", R"({"schema":1,"layer":"pod"})", "{}"}) {
    const auto record =
        parse(R"({"podname":"p","report_interval":1,"mesh":)" + std::string(mesh) + "}");
    ASSERT_TRUE(record) << record.error().message();
    EXPECT_FALSE(record->mesh);
  }
}

TEST(RecordParserTest, DropsPaddingWhereverItStands) {
  const std::string expected = reprinted(R"({"podname":"p","report_interval":1})");
  EXPECT_EQ(reprinted(R"({"podname":"p","report_interval":1,"zero_extender":[0,0,0,0]})"),
            expected);
  EXPECT_EQ(reprinted(R"({"podname":"p","report_interval":1,"zero_extender":[]})"), expected);
  EXPECT_EQ(reprinted(R"({"podname":"p","report_interval":1,"zero_extender":[0, 0]})"), expected);
  EXPECT_EQ(reprinted(R"({"zero_extender":[0,0],"podname":"p","report_interval":1})"), expected);
  EXPECT_EQ(reprinted(R"({"podname":"p","report_interval":1,"zero_extender":[0,0]} )"), expected);
}

TEST(RecordParserTest, IsNotFooledByWhatLooksLikePadding) {
  for (const char* body :
       {R"({"podname":"p,"zero_extender":[0]})", R"({"mesh":{"a":1,"zero_extender":[0]})",
        R"({"podname":"p","report_interval":1,"zero_extender":[0,0,00]})",
        R"({"podname":"p","report_interval":1,"zero_extender":[0,0,NaN,0]})",
        R"({"podname":"p","report_interval":1,"zero_extender":[0,,0]})",
        R"(["podname","p","zero_extender":[0]})"}) {
    EXPECT_FALSE(parse(body)) << body;
  }
}

TEST(RecordParserTest, ExplainsSyntaxInGosWords) {
  EXPECT_EQ(refusal("some text"), "invalid character 's' looking for beginning of value");
  EXPECT_EQ(refusal(""), "unexpected end of JSON input");
  EXPECT_EQ(refusal(R"({"podname":"p",)"), "unexpected end of JSON input");
  EXPECT_EQ(refusal(R"({"podname":"p"} trailing)"), "invalid character 't' after top-level value");
}

TEST(RecordParserTest, NamesTheFieldOfTheWrongType) {
  const std::string begin = "json: cannot unmarshal ";
  EXPECT_EQ(refusal(R"({"report_interval":"5"})"),
            begin + "string into Go struct field AgentSpec.report_interval of type int");
  EXPECT_EQ(refusal(R"({"report_interval":5.5})"),
            begin + "number 5.5 into Go struct field AgentSpec.report_interval of type int");
  EXPECT_EQ(refusal(R"({"uptime":-1})"),
            begin + "number -1 into Go struct field AgentSpec.uptime of type uint64");
  EXPECT_EQ(refusal(R"({"report_interval":9223372036854775808})"),
            begin +
                "number 9223372036854775808 into Go struct field AgentSpec.report_interval of "
                "type int");
  EXPECT_EQ(refusal("null"), begin + "null into Go value of type AgentSpec");
  EXPECT_EQ(refusal(R"({"network_probes":[{"HTTPCode":"200"}]})"),
            begin + "string into Go struct field ProbeResult.HTTPCode of type int");
}

TEST(RecordParserTest, RefusesWhatExceedsABound) {
  const std::string begin = R"({"podname":"p","report_interval":1,)";
  const std::vector<std::string> bodies = {
      begin + R"("report_interval":0})",
      begin + R"("report_interval":86401})",
      begin + R"("nodename":")" + std::string(254, 'n') + "\"}",
      begin + R"("nodename":"a\u0007b"})",
      begin + R"("x":)" + std::string(64, '[') + std::string(64, ']') + "}",
      begin + R"("mesh":{"x":")" + std::string(70'000, 'x') + "\"}}",
      begin + R"("network_probes":[{"URL":")" + std::string(2049, 'u') + "\"}]}",
      begin + R"("mesh":[]})",
      begin + R"("uptime":NaN})",
      begin + "\"nodename\":\"\xFF\"}",
      begin + R"("uptime":18446744073709551616})",
      begin + R"("hostdate":"yesterday"})",
      R"({"podname":"q","report_interval":1})",
  };
  for (const std::string& body : bodies) EXPECT_FALSE(parse(body)) << body.substr(0, 90);
}

TEST(RecordParserTest, RefusesEveryTruncationOfAReport) {
  const std::string body =
      R"({"podname":"p","report_interval":1,"ips":{"lo":["::1"]},"mesh":{"a":[1]},"zero_extender":[0,0]})";
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(parse(body.substr(0, size))) << size;
  }
  EXPECT_TRUE(parse(body));
}

TEST(CheckNameTest, WantsAShortPrintableName) {
  EXPECT_TRUE(check_name("netchecker-agent-x2b"));
  EXPECT_FALSE(check_name(""));
  EXPECT_FALSE(check_name("a/b"));
  EXPECT_FALSE(check_name("."));
  EXPECT_FALSE(check_name(".."));
  EXPECT_TRUE(check_name("..."));
  EXPECT_FALSE(check_name("a\n"));
  EXPECT_FALSE(check_name(std::string(254, 'a')));
}

}  // namespace
}  // namespace meshcheck::mesh

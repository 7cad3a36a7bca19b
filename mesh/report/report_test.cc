#include "mesh/report/report.h"

#include <gtest/gtest.h>

#include "mesh/report/record.h"

namespace meshcheck::mesh {
namespace {

Report small_report() {
  Report report;
  report.interval = std::chrono::seconds(2);
  report.podname = "p";
  report.hostdate = WallTime(std::chrono::nanoseconds(1795224743444961774));
  report.uptime = std::chrono::seconds(675);
  report.lookup_name = "127.0.0.1";
  report.lookup_addresses = {"127.0.0.1"};
  report.ips = {{"lo", {"127.0.0.1/8", "::1/128"}}, {"eth0", {"192.0.2.2/24", "fd00::2/64"}}};
  report.probes = {{.url = "http://127.0.0.1:18181/api/v1/ping",
                    .connection_result = 1,
                    .http_code = 200,
                    .total_ms = 3,
                    .content_transfer_ms = 1,
                    .server_processing_ms = 1}};
  report.mesh.layer = "pod";
  report.zero_extender_length = 3;
  return report;
}

// netchecker's own capture (without its two wrong numbers), around our key.
constexpr std::string_view kNetcheckerHead =
    R"({"report_interval":2,"nodename":"","podname":"p",)"
    R"("hostdate":"2026-11-21T01:32:23.444961774Z","uptime":675,)"
    R"("nslookup":{"127.0.0.1":["127.0.0.1"]},)"
    R"("ips":{"eth0":["192.0.2.2/24","fd00::2/64"],"lo":["127.0.0.1/8","::1/128"]},)"
    R"("network_probes":[{"URL":"http://127.0.0.1:18181/api/v1/ping","ConnectionResult":1,)"
    R"("HTTPCode":200,"Total":3,"ContentTransfer":1,"TCPConnection":0,"DNSLookup":0,)"
    R"("Connect":0,"ServerProcessing":1}],)";

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(ReportTest, HasTheBytesOfNetcheckersAgentAroundMesh) {
  const std::string mesh =
      R"("mesh":{"schema":1,"version":")" + std::string(MESHCHECK_VERSION) +
      R"(","layer":"pod","interval_ms":2000,"links":[],"links_total":0,"gateways":[],)"
      R"("gateways_total":0,"ips_total":2,"loop_lag_ms":{"max":0.000,"mean":0.000},)"
      R"("reports":{"sent":0,"failed":0,"retried":0,"last_error":""}},)";
  EXPECT_EQ(encode(small_report()),
            std::string(kNetcheckerHead) + mesh + R"("zero_extender":[0,0,0]})");
}

TEST(ReportTest, WritesNullForAFailedLookup) {
  Report report = small_report();
  report.lookup_name = "netchecker-service";
  report.lookup_addresses.reset();
  EXPECT_TRUE(contains(encode(report), R"("nslookup":{"netchecker-service":null},)"));
}

TEST(ReportTest, PadsWithTwoBytesAZero) {
  Report report = small_report();
  report.zero_extender_length = 0;
  const std::string without = encode(report);
  EXPECT_TRUE(without.ends_with(R"("zero_extender":[]})"));
  report.zero_extender_length = 1500;
  EXPECT_EQ(encode(report).size(), without.size() + 2999);
}

TEST(ReportTest, TellsOfLinksGatewaysAndRoutes) {
  Report report = small_report();
  report.mesh.layer = "host";
  report.mesh.boot_id = "b";
  report.mesh.links = {{.name = "eth0",
                        .index = 2,
                        .kind = "veth",
                        .mtu = 1450,
                        .state = "up",
                        .carrier = true,
                        .addresses = {"192.0.2.2/24"},
                        .counters = ReportLinkCounters{.rx_bytes = 1, .carrier_changes = 9}}};
  report.mesh.gateways = {{"192.0.2.1", "eth0", "ipv4", "stale"}};
  report.mesh.routes = {{{"0.0.0.0/0", "unicast", "192.0.2.1", "eth0", 100},
                         {"192.0.2.0/24", "unicast", "", "eth0", 0}}};
  report.mesh.conntrack = {.entries = 5, .max = 100};
  report.mesh.loop_lag_max = std::chrono::microseconds(12'034);
  const std::string text = encode(report);
  EXPECT_TRUE(contains(
      text,
      R"("layer":"host","boot_id":"b","interval_ms":2000,"links":[{"name":"eth0","index":2,)"
      R"("kind":"veth","mtu":1450,"state":"up","carrier":true,"addresses":["192.0.2.2/24"],)"
      R"("rx_bytes":1,"tx_bytes":0,"rx_packets":0,"tx_packets":0,"rx_errors":0,"tx_errors":0,)"
      R"("rx_dropped":0,"tx_dropped":0,"carrier_changes":9}],"links_total":1,)"
      R"("gateways":[{"address":"192.0.2.1","link":"eth0","family":"ipv4","neighbour":"stale"}],)"
      R"("gateways_total":1,"routes":[{"destination":"0.0.0.0/0","type":"unicast","gateway":"192.0.2.1",)"
      R"("link":"eth0","metric":100},{"destination":"192.0.2.0/24","type":"unicast","link":"eth0","metric":0}],)"
      R"("routes_total":2,"ips_total":2,"conntrack":{"entries":5,"max":100},)"
      R"("loop_lag_ms":{"max":12.034,"mean":0.000})"))
      << text;
}

TEST(ReportTest, StaysBelowTheServersBoundWhateverTheNodeLooksLike) {
  Report report = small_report();
  const std::string ugly(300, '\x01');  // Six bytes each in JSON.
  report.lookup_name = std::string(253, '\x01');
  report.lookup_addresses =
      std::vector<std::string>(1000, "fd00:1111:2222:3333:4444:5555:6666:7777");
  report.nodename = std::string(253, 'n');
  report.mesh.history.last_error = std::string(5000, '\x01');
  report.mesh.routes.emplace();
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "cali" + std::to_string(i);
    const std::vector<std::string> addresses(100, "fe80::ecee:eeff:feee:eeee/64");
    report.ips[name] = addresses;
    report.mesh.links.push_back({.name = name, .addresses = addresses});
    report.mesh.gateways.push_back({ugly, name, "ipv6", std::nullopt});
    report.mesh.routes->push_back({"10.0.0.0/8", "unicast", "10.1.1.1", name, 1});
  }
  const std::string text = encode(report);
  EXPECT_TRUE(contains(text, R"("links_total":2000)"));
  EXPECT_TRUE(contains(text, R"("routes_total":2000)"));
  EXPECT_TRUE(contains(text, R"("ips_total":2002)"));
  EXPECT_LT(text.size(),
            kRecordSizeMax - (std::size_t{20} << 10U));  // That much is left for 64 probes.
}

TEST(ReportTest, IsReadByTheServersParser) {
  std::string text = encode(small_report());
  text.reserve(text.size() + 64);
  RecordParser parser;
  const auto record = parser.parse(text, "p");
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->podname, "p");
  ASSERT_EQ(record->probes.size(), 1U);
  EXPECT_EQ(record->probes[0].total_ms, 3);
}

}  // namespace
}  // namespace meshcheck::mesh

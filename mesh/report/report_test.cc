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

constexpr std::string_view kNoProbing =
    R"("probing":{"addresses":[],"link_mtus":[],"tunnel":"","port":0,"ssid":0,"assignment":"","clock":"","icmp":"",)"
    R"("starved":0,"receive_drops":0,"totals":{"sent":0,"lost":0,"lost_forward":0,)"
    R"("lost_backward":0,"late":0,"duplicated":0,"reordered":0,"voided":0},)"
    R"("rtt":{"bounds_us":[50,100,200,500,1000,2000,5000,10000,20000,50000,100000,200000,500000,)"
    R"(1000000],"counts":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"sum_us":0}},)";
constexpr std::string_view kNoPaths =
    R"("paths":{"columns":["to","relation","probe","family","state","state_ms","answer_ms","sent",)"
    R"("lost","lost_forward","lost_backward","late","duplicated","reordered","p50_us","p90_us",)"
    R"("p99_us","max_us","jitter_forward_us","jitter_backward_us","error","cross_check"],"rows":[]},)"
    R"("paths_total":0,"heard":[],"heard_total":0,"mtu":{"columns":["to","relation","family",)"
    R"("forward_class","forward_class_ms","forward_size","forward_link_mtu","forward_confirmed_ms",)"
    R"("forward_fragments","backward_class","backward_class_ms","backward_size",)"
    R"("backward_link_mtu","backward_confirmed_ms","backward_fragments","too_big_mtu",)"
    R"("too_big_from","too_big_ms","icmp_fragments"],"rows":[]},"mtu_total":0)";
constexpr std::string_view kNoSizes =
    R"("cached_mtus":[],"cached_mtus_total":0,"mtu_settings":{},)"
    R"("padding":{"requested":0,"delivered":0,"lost_ms":null,"stage":""},)"
    R"("padded_answer":{"requested":0,"delivered":0,"lost_ms":null,"stage":""},)";

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(ReportTest, HasTheBytesOfNetcheckersAgentAroundMesh) {
  const std::string mesh =
      R"("mesh":{"schema":1,"version":")" + std::string(MESHCHECK_VERSION) +
      R"(","layer":"pod","interval_ms":2000,"agent_uptime_ms":0,)" + std::string(kNoProbing) +
      R"("links":[],"links_total":0,"gateways":[],)"
      R"("gateways_total":0,"ips_total":2,"loop_lag_ms":{"max":0.000,"mean":0.000},)"
      R"("reports":{"sent":0,"failed":0,"retried":0,"last_error":""},)" +
      std::string(kNoSizes) + std::string(kNoPaths) + "},";
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
  report.mesh.probing.layer = Layer::kHost;
  report.mesh.boot_id = "b";
  report.mesh.links = {{.name = "eth0",
                        .index = 2,
                        .kind = "vxlan",
                        .underlay = "eth1",
                        .mtu = 1450,
                        .state = "up",
                        .carrier = true,
                        .addresses = {"192.0.2.2/24"},
                        .counters = ReportLinkCounters{.rx_bytes = 1, .carrier_changes = 9},
                        .tso = true,
                        .gro = false}};
  report.mesh.gateways = {{"192.0.2.1", "eth0", "ipv4", "stale"}};
  report.mesh.routes = {{{"0.0.0.0/0", "unicast", "192.0.2.1", "eth0", 100},
                         {"192.0.2.0/24", "unicast", "", "eth0", 0, 1300}}};
  report.mesh.conntrack = {.entries = 5, .max = 100};
  report.mesh.loop_lag_max = std::chrono::microseconds(12'034);
  const std::string text = encode(report);
  EXPECT_TRUE(contains(
      text,
      R"("links":[{"name":"eth0","index":2,)"
      R"("kind":"vxlan","underlay":"eth1","mtu":1450,"state":"up","carrier":true,"tso":true,"gro":false,"addresses":["192.0.2.2/24"],)"
      R"("rx_bytes":1,"tx_bytes":0,"rx_packets":0,"tx_packets":0,"rx_errors":0,"tx_errors":0,)"
      R"("rx_dropped":0,"tx_dropped":0,"carrier_changes":9}],"links_total":1,)"
      R"("gateways":[{"address":"192.0.2.1","link":"eth0","family":"ipv4","neighbour":"stale"}],)"
      R"("gateways_total":1,"routes":[{"destination":"0.0.0.0/0","type":"unicast","gateway":"192.0.2.1",)"
      R"("link":"eth0","metric":100},{"destination":"192.0.2.0/24","type":"unicast","link":"eth0","metric":0,"mtu":1300}],)"
      R"("routes_total":2,"ips_total":2,"conntrack":{"entries":5,"max":100},)"
      R"("loop_lag_ms":{"max":12.034,"mean":0.000})"))
      << text;
  EXPECT_TRUE(contains(text, R"("layer":"host","boot_id":"b","interval_ms":2000,)"));
}

// A report with every value of the mesh, no two the same.
Report probing_report() {
  Report report = small_report();
  ProbingReport& mesh = report.mesh.probing;
  mesh.layer = Layer::kHost;
  mesh.agent_uptime = std::chrono::milliseconds(1234);
  mesh.stopping = true;
  mesh.addresses = {*IpAddress::parse("10.0.0.1"), *IpAddress::parse("fd00::1")};
  mesh.port = 8862;
  mesh.ssid = 77;
  mesh.assignment = "17-ab";
  mesh.clock = "kernel";
  mesh.icmp = "datagram";
  mesh.starved = 3;
  mesh.receive_drops = 4;
  mesh.totals = {.sent = 100,
                 .lost = 9,
                 .lost_forward = 5,
                 .lost_backward = 3,
                 .late = 2,
                 .duplicated = 1,
                 .reordered = 6,
                 .voided = 7};
  mesh.round_trips.add(std::chrono::microseconds(50));
  mesh.round_trips.add(std::chrono::seconds(2));
  PathSummary summary;
  summary.state = PathState::kDegraded;
  summary.state_age = std::chrono::milliseconds(4000);
  summary.answer_age = std::chrono::milliseconds(12);
  summary.sent = 60;
  summary.lost = 8;
  summary.lost_forward = 4;
  summary.lost_backward = 3;
  summary.late = 2;
  summary.duplicated = 1;
  summary.reordered = 5;
  summary.round_trips = {.p50 = std::chrono::microseconds(100),
                         .p90 = std::chrono::microseconds(200),
                         .p99 = std::chrono::microseconds(300),
                         .max = std::chrono::microseconds(400)};
  summary.jitter_forward = std::chrono::microseconds(11);
  summary.jitter_backward = std::chrono::microseconds(12);
  mesh.paths = {{.to = "netchecker-agent-2",
                 .relation = Relation::kPeer,
                 .kind = ProbeKind::kStamp,
                 .family = PathFamily::kIpv6,
                 .summary = summary},
                {.to = "example",
                 .relation = Relation::kTarget,
                 .kind = ProbeKind::kDns,
                 .family = PathFamily::kNone,
                 .summary = {}}};
  mesh.paths[1].summary.error = "no such name";
  mesh.paths[1].cross_check = CrossCheck::kUnanswered;
  ReportPmtu mtu{.to = "netchecker-agent-2", .family = PathFamily::kIpv6};
  mtu.ways[0] = {.fragmentation_class = FragmentationClass::kReducedSignalled,
                 .class_age = std::chrono::milliseconds(5),
                 .size = 1300,
                 .link_mtu = 1500,
                 .confirmed_age = std::chrono::milliseconds(6),
                 .fragments = FragmentsResult::kPassed,
                 .too_big = PathMtu::TooBig{.mtu = 1301,
                                            .reporter = IpAddress::parse("fd00::9").value(),
                                            .age = std::chrono::milliseconds(7)}};
  mtu.ways[1] = {.fragmentation_class = FragmentationClass::kBlackHole,
                 .class_age = std::chrono::milliseconds(8),
                 .size = 0,
                 .link_mtu = 1450,
                 .confirmed_age = std::chrono::milliseconds(9),
                 .fragments = FragmentsResult::kLost};
  ReportPmtu unknown{.to = "netchecker-agent-3", .relation = Relation::kTwin};
  unknown.ways[0].too_big = PathMtu::TooBig{.mtu = 1280, .reporter = {}};
  mtu.icmp_fragments = FragmentsResult::kLost;
  mesh.mtus = {mtu, unknown};
  mesh.link_mtus = {1500, 9000};
  mesh.tunnel = "vxlan";
  mesh.padding = {.requested = 3000,
                  .delivered = 0,
                  .lost_for = std::chrono::milliseconds(61'000),
                  .stage = ReportPadding::Stage::kSend};
  mesh.padded_answer = {.requested = 3000, .delivered = 3000};
  mesh.heard = {
      {.address = *IpAddress::parse("fd00::2"), .ssid = 5, .age = std::chrono::milliseconds(900)}};
  return report;
}

TEST(ReportTest, CarriesTheMeshToTheServer) {
  const Report report = probing_report();
  std::string text = encode(report);
  text.reserve(text.size() + 64);
  RecordParser parser;
  const auto record = parser.parse(text, "p");
  ASSERT_TRUE(record) << record.error().message();
  ASSERT_TRUE(record->mesh);
  const ProbingReport& sent = report.mesh.probing;
  const ProbingReport& read = *record->mesh;
  EXPECT_EQ(read.layer, sent.layer);
  EXPECT_EQ(read.agent_uptime, sent.agent_uptime);
  EXPECT_TRUE(read.stopping);
  EXPECT_EQ(read.addresses, sent.addresses);
  EXPECT_EQ(read.port, sent.port);
  EXPECT_EQ(read.ssid, sent.ssid);
  EXPECT_EQ(read.assignment, sent.assignment);
  EXPECT_EQ(read.clock, sent.clock);
  EXPECT_EQ(read.icmp, sent.icmp);
  EXPECT_EQ(read.starved, sent.starved);
  EXPECT_EQ(read.receive_drops, sent.receive_drops);
  EXPECT_EQ(read.totals, sent.totals);
  EXPECT_EQ(read.round_trips, sent.round_trips);
  ASSERT_EQ(read.paths.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.paths[i].to, sent.paths[i].to);
    EXPECT_EQ(read.paths[i].relation, sent.paths[i].relation);
    EXPECT_EQ(read.paths[i].kind, sent.paths[i].kind);
    EXPECT_EQ(read.paths[i].family, sent.paths[i].family);
    EXPECT_EQ(read.paths[i].cross_check, sent.paths[i].cross_check);
    EXPECT_EQ(read.paths[i].summary, sent.paths[i].summary);
  }
  ASSERT_EQ(read.mtus.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.mtus[i].to, sent.mtus[i].to);
    EXPECT_EQ(read.mtus[i].relation, sent.mtus[i].relation);
    EXPECT_EQ(read.mtus[i].family, sent.mtus[i].family);
    EXPECT_EQ(read.mtus[i].ways, sent.mtus[i].ways);
    EXPECT_EQ(read.mtus[i].icmp_fragments, sent.mtus[i].icmp_fragments);
  }
  EXPECT_EQ(read.link_mtus, sent.link_mtus);
  EXPECT_EQ(read.tunnel, sent.tunnel);
  EXPECT_EQ(read.padding, sent.padding);
  EXPECT_EQ(read.padded_answer, sent.padded_answer);
  ASSERT_EQ(read.heard.size(), 1U);
  EXPECT_EQ(read.heard[0].address, sent.heard[0].address);
  EXPECT_EQ(read.heard[0].ssid, 5);
  EXPECT_EQ(read.heard[0].age, std::chrono::milliseconds(900));
  // The record's text has the rest of the mesh and not its tables.
  EXPECT_TRUE(contains(record->json_tail, R"("mesh":{"schema":1,)"));
  EXPECT_TRUE(contains(record->json_tail, R"("paths_total":2)"));
  EXPECT_TRUE(contains(record->json_tail, R"("mtu_total":2)"));
  EXPECT_TRUE(contains(record->json_tail, R"("lost_ms":61000,"stage":"send")"));
  EXPECT_FALSE(contains(record->json_tail, R"("rows")"));
  EXPECT_FALSE(contains(record->json_tail, R"("heard":)"));
  EXPECT_FALSE(contains(record->json_tail, R"("pings":)"));
}

TEST(ReportTest, CarriesTheResultsOfPings) {
  const auto read = [](const Report& report) {
    std::string text = encode(report);
    text.reserve(text.size() + 64);
    RecordParser parser;
    const auto record = parser.parse(text, "p");
    EXPECT_TRUE(record) << record.error().message();
    return record->mesh->pings;
  };
  Report report = probing_report();
  EXPECT_FALSE(read(report)) << "of an agent that takes no orders";
  report.mesh.probing.pings.emplace();
  EXPECT_EQ(read(report), report.mesh.probing.pings);
  using std::chrono::microseconds;
  report.mesh.probing.pings->push_back({.id = kPingIdMax,
                                        .round_trips = {microseconds(210), std::nullopt},
                                        .lost_forward = 1,
                                        .error = "message too long, MTU 1400"});
  report.mesh.probing.pings->push_back(
      {.id = 4,
       .round_trips = std::vector(kPingCountMax, std::optional(kPingRoundTripMax)),
       .error = {}});
  EXPECT_EQ(read(report), report.mesh.probing.pings);
}

TEST(ReportTest, TellsWhatTheHostKnowsOfSizes) {
  Report report = small_report();
  report.mesh.cached_mtus = {
      {.destination = "10.0.0.9", .mtu = 1300, .expires_in = std::chrono::milliseconds(59'000)},
      {.destination = "10.0.0.10", .mtu = 1400, .expires_in = {}}};
  report.mesh.mtu_settings = {.ip_no_pmtu_disc = 0, .tcp_mtu_probing = 1};
  report.mesh.tcp = {
      .mss = 1448, .pmtu = 1500, .retransmits = 2, .round_trip = std::chrono::microseconds(1234)};
  EXPECT_TRUE(contains(encode(report),
                       R"("cached_mtus":[{"destination":"10.0.0.9","mtu":1300,"expires_ms":59000},)"
                       R"({"destination":"10.0.0.10","mtu":1400}],"cached_mtus_total":2,)"
                       R"("mtu_settings":{"ip_no_pmtu_disc":0,"tcp_mtu_probing":1},)"
                       R"("padding":{"requested":0,"delivered":0,"lost_ms":null,"stage":""},)"
                       R"("padded_answer":{"requested":0,"delivered":0,"lost_ms":null,"stage":""},)"
                       R"("tcp":{"mss":1448,"pmtu":1500,"retransmits":2,"rtt_ms":1.234},)"));
}

TEST(ReportTest, CountsARoundTripIntoTheBucketThatHoldsIt) {
  RttHistogram histogram;
  histogram.add(std::chrono::microseconds(50));
  histogram.add(std::chrono::nanoseconds(50'001));
  histogram.add(std::chrono::seconds(1));
  histogram.add(std::chrono::milliseconds(1001));
  EXPECT_EQ(histogram.counts[0], 1U);
  EXPECT_EQ(histogram.counts[1], 1U);
  EXPECT_EQ(histogram.counts[13], 1U);
  EXPECT_EQ(histogram.counts[14], 1U);
  EXPECT_EQ(histogram.sum_us, 50U + 51U + 1'000'000U + 1'001'000U);
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
    report.mesh.gateways.push_back({ugly, name, "ipv6", "none"});
    report.mesh.routes->push_back({"10.0.0.0/8", "unicast", "10.1.1.1", name, 1});
  }
  const std::string record = encode(report);
  EXPECT_LT(record.size(),
            kRecordSizeMax - (std::size_t{20} << 10U));  // That much is left for 64 probes.
  for (int i = 0; i < 5000; ++i) {
    report.mesh.probing.paths.push_back({.to = std::string(253, 'x')});
    report.mesh.probing.paths.back().summary.error = ugly;
    report.mesh.probing.mtus.push_back({.to = std::string(253, 'x')});
    report.mesh.cached_mtus.push_back({.destination = "fd00:1111:2222:3333:4444:5555:6666:7777"});
    report.mesh.probing.heard.push_back({*IpAddress::parse("fd00:1111:2222:3333:4444:5555:6666:7"),
                                         1, std::chrono::milliseconds(1)});
  }
  std::string text = encode(report);
  EXPECT_TRUE(contains(text, R"("paths_total":5000)"));
  EXPECT_TRUE(contains(text, R"("heard_total":5000)"));
  EXPECT_LT(text.size(), kReportSizeMax - (std::size_t{20} << 10U));
  EXPECT_TRUE(contains(text, R"("links_total":2000)"));
  EXPECT_TRUE(contains(text, R"("routes_total":2000)"));
  EXPECT_TRUE(contains(text, R"("ips_total":2002)"));
}

TEST(ReportTest, KeepsLinksWithADefaultRouteWhenThereIsNoRoomForAll) {
  Report report = small_report();
  for (int i = 0; i < 1000; ++i) {
    report.ips["cali" + std::to_string(i)] = {"fe80::ecee:eeff:feee:eeee/64"};
  }
  report.mesh.gateways = {{"192.0.2.1", "eth0", "ipv4", "reachable"}};
  const std::string text = encode(report);
  EXPECT_TRUE(contains(text, R"("eth0":["192.0.2.2/24","fd00::2/64"])"));
  EXPECT_FALSE(contains(text, R"("lo":["127.0.0.1/8")")) << "there was room for all";
  EXPECT_LT(text.find(R"("cali0":)"), text.find(R"("eth0":)")) << "sorted by name";
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

#include "mesh/assignment/assignment.h"

#include <gtest/gtest.h>

namespace meshcheck::mesh {
namespace {

Assignment sample() {
  Assignment assignment;
  assignment.revision = "3-5f";
  assignment.epoch = 3;
  assignment.report_interval = std::chrono::seconds(15);
  assignment.probe = {.interval = std::chrono::milliseconds(500),
                      .timeout = std::chrono::milliseconds(250)};
  assignment.key = std::string("\x00\xff", 2) + std::string(14, '\x10');
  assignment.peers = {{.name = "a-2",
                       .node = "node-2",
                       .relation = Peer::Relation::kPeer,
                       .addresses = {*IpAddress::parse("10.0.0.2"), *IpAddress::parse("fd00::2")},
                       .link_mtus = {1450, 0},
                       .port = 8862},
                      {.name = "a-hostnet-1",
                       .node = "node-1",
                       .relation = Peer::Relation::kTwin,
                       .addresses = {*IpAddress::parse("10.0.0.1")},
                       .port = 8863}};
  assignment.targets.ping = {"10.0.0.9"};
  assignment.targets.tcp_ping = {"[fd00::9]:80"};
  assignment.targets.dns = {"kubernetes.default"};
  assignment.rank = 7;
  assignment.pings = {{.id = 12,
                       .to = "a-3",
                       .endpoint = {*IpAddress::parse("10.0.0.3"), 8862},
                       .size = 1400,
                       .count = 5}};
  return assignment;
}

std::string refusal(std::string_view json) {
  const auto parsed = parse_assignment(json);
  return parsed ? "accepted" : parsed.error().message();
}

TEST(AssignmentTest, IsReadAsItWasWritten) {
  const auto parsed = parse_assignment(encode(sample()));
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(*parsed, sample());
}

TEST(AssignmentTest, HasTheDocumentedKeys) {
  EXPECT_EQ(
      encode(sample()),
      R"({"schema":1,"revision":"3-5f","epoch":3,"report_interval_s":15,)"
      R"("probe":{"interval_ms":500,"timeout_ms":250},"key":"00ff1010101010101010101010101010","peers":[)"
      R"({"name":"a-2","node":"node-2","relation":"peer","addresses":["10.0.0.2","fd00::2"],)"
      R"("link_mtus":[1450,0],"port":8862},)"
      R"({"name":"a-hostnet-1","node":"node-1","relation":"twin","addresses":["10.0.0.1"],"port":8863}],)"
      R"("targets":{"ping":["10.0.0.9"],"tcpPing":["[fd00::9]:80"],"udpPing":[],)"
      R"("dns":["kubernetes.default"]},"rank":7,)"
      R"("pings":[{"to":"a-3","address":"10.0.0.3","id":12,"port":8862,"size":1400,"count":5}]})");
}

TEST(AssignmentTest, KeepsDefaultsForWhatIsAbsentAndLeavesOutWhatItDoesNotKnow) {
  const auto parsed = parse_assignment(R"({"schema":1,"later":{"x":[1]}})");
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(*parsed, Assignment());
}

TEST(AssignmentTest, NamesWhatIsWrongWithAPing) {
  const auto refused = [](const std::string& ping) {
    return refusal(R"({"schema":1,"pings":[{)" + ping + "}]}");
  };
  const std::string good = R"("id":1,"to":"b","address":"10.0.0.3","port":8862)";
  EXPECT_EQ(refused(good), "accepted");
  EXPECT_EQ(refused(R"("to":"b")"), "pings[0]: id: a number is expected");
  EXPECT_EQ(refused(R"("id":1,"to":"b","address":"10.0.0.3")"),
            "pings[0]: port: a port is expected");
  EXPECT_EQ(refused(R"("id":1,"to":"b","address":"x","port":1)").substr(0, 18),
            "pings[0]: address:");
  EXPECT_EQ(refused(good + R"(,"size":9217)"),
            "pings[0]: size: a whole number from 0 to 9216 is expected");
  EXPECT_EQ(refused(good + R"(,"count":101)"),
            "pings[0]: count: a whole number from 1 to 100 is expected");
  EXPECT_EQ(refusal(R"({"schema":1,"pings":[{},{},{},{},{}]})"),
            "pings: a list of at most 4 is expected");
}

TEST(AssignmentTest, NamesTheKeyThatIsWrong) {
  EXPECT_EQ(refusal(R"([])"), "an object is expected");
  EXPECT_EQ(refusal(R"({"schema":2})"), "schema: a whole number from 1 to 1 is expected");
  EXPECT_EQ(refusal(R"({})"), "schema: 1 is expected");
  for (const char* key : {"0g", "012", "00112233445566778899aabbccddee"}) {
    EXPECT_EQ(refusal(R"({"schema":1,"key":")" + std::string(key) + "\"}"),
              "key: nothing, or 16 to 64 bytes in hexadecimal, is expected");
  }
  EXPECT_EQ(refusal(R"({"schema":1,"probe":{"interval_ms":1}})"),
            "probe: interval_ms: a whole number from 100 to 60000 is expected");
  EXPECT_EQ(refusal(R"({"schema":1,"peers":[{"name":"a","port":1}]})"),
            "peers[0]: addresses: a list is expected");
  EXPECT_EQ(refusal(R"({"schema":1,"peers":[{"name":"a","addresses":[]}]})"),
            "peers[0]: port: a port is expected");
  EXPECT_EQ(refusal(R"({"schema":1,"peers":[{"name":"a","port":1,"addresses":["10.0.0.1"],)"
                    R"("link_mtus":[1500,1500]}]})"),
            "peers[0]: link_mtus: a list of at most 1 is expected");
  EXPECT_EQ(refusal(R"({"schema":1,"peers":[{"name":"a","port":1,"addresses":["10.0.0.1"],)"
                    R"("link_mtus":[-1]}]})"),
            "peers[0]: link_mtus: a whole number from 0 to 4294967295 is expected");
  EXPECT_EQ(refusal(R"({"schema":1,"targets":{"ping":"10.0.0.1"}})").substr(0, 15),
            "targets: ping: ");
  EXPECT_NE(refusal(R"({"schema":1,"targets":{"tcpPing":["10.0.0.1"]}})"), "accepted");
  EXPECT_NE(refusal(R"({"schema":1)"), "accepted");
  EXPECT_NE(refusal(""), "accepted");
  EXPECT_NE(refusal(std::string(kAssignmentSizeMax + 1, ' ')), "accepted");
}

}  // namespace
}  // namespace meshcheck::mesh

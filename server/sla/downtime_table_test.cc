#include "mesh/sla/downtime_table.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "server/sla/downtime_file.h"

namespace meshcheck::server {
namespace {

using namespace nlohmann::literals;
using namespace std::chrono_literals;

const sla::DowntimeTable::Origin kFile{sla::DowntimeTable::Source::kFile, "file", "file"};

sla::DowntimeTable::Items items(std::size_t count) {
  sla::DowntimeTable::Items made;
  for (std::size_t i = 0; i < count; ++i) {
    made.downtimes.push_back({.start = sla::Seconds(100s), .end = sla::Seconds(200s)});
  }
  return made;
}

TEST(DowntimeTableTest, ReplacesWhatComesFromTheSamePlace) {
  sla::DowntimeTable table;
  table.replace(kFile, items(3));
  table.replace(sla::DowntimeTable::Origin::of_api("x"), items(1));
  table.replace(kFile, items(1));
  EXPECT_EQ(table.within(sla::Seconds(0s), sla::Seconds(1000s)).size(), 2U);
  EXPECT_TRUE(table.within(sla::Seconds(200s), sla::Seconds(1000s)).empty());
  EXPECT_TRUE(table.erase(kFile));
  EXPECT_FALSE(table.erase(kFile));
}

TEST(DowntimeTableTest, HoldsNoMoreThanItMayAndSaysSo) {
  sla::DowntimeTable table(4);
  table.replace(sla::DowntimeTable::Origin::of_api("x"), items(1));
  table.replace(kFile, items(6));
  EXPECT_TRUE(table.full());
  EXPECT_EQ(table.within(sla::Seconds(0s), sla::Seconds(1000s)).size(), 4U);
  const nlohmann::json shown = table.to_json();
  ASSERT_EQ(shown["refused"].size(), 1U);
  EXPECT_EQ(shown["refused"][0]["reason"], "more than 4 downtimes");
  table.replace(kFile, items(1));
  EXPECT_FALSE(table.full());
}

TEST(DowntimeTableTest, LeavesOutABadItemAndTellsWhy) {
  const auto read = sla::read_downtime_items(
      R"([{"startDate": "2026-11-21T12:00:00+03:00", "endDate": 1795269600,
           "type": "Accident", "affected": ["a", "a/b"], "name": "mine"},
          {"startDate": 5, "endDate": 4, "type": "Accident"},
          {"startDate": 5, "endDate": 5, "type": "Accident"},
          {"startDate": 5, "endDate": 6.5, "type": "Accident"},
          {"startDate": "99999999999999", "endDate": 6, "type": "Accident"}, 7])"_json,
      kFile);
  ASSERT_EQ(read.downtimes.size(), 2U);
  EXPECT_EQ(read.downtimes[1].end, read.downtimes[1].start);
  EXPECT_EQ(read.downtimes[0].name, "mine");
  EXPECT_EQ(read.downtimes[0].uid, "file");
  EXPECT_EQ(read.downtimes[0].start.time_since_epoch(), 1'795'251'600s);
  ASSERT_EQ(read.refused.size(), 4U);
  EXPECT_EQ(read.refused[0].what, "item 1");
  EXPECT_NE(read.refused[0].reason.find("endDate"), std::string::npos);
  EXPECT_EQ(sla::read_downtime_items("{}"_json, kFile).refused.size(), 1U);
}

TEST(DowntimeFileTest, IsAMapWithAListOfItems) {
  const auto read = parse_downtimes(
      "downtimes:\n- {startDate: 100, endDate: \"200\", type: Maintenance, affected: [x]}\n");
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->downtimes.size(), 1U);
  EXPECT_EQ(read->downtimes[0].affected, std::vector<std::string>{"x"});
  EXPECT_TRUE(parse_downtimes("")->downtimes.empty());
  EXPECT_TRUE(parse_downtimes("downtimes:")->downtimes.empty());
  for (const char* bad : {"[]", "7", "downtimes: 7", "downtime: []", "downtimes: [", "? [a]\n: b",
                          "downtimes: []\ndowntimes: []", "downtimes: [&a {}, *a]"}) {
    EXPECT_FALSE(parse_downtimes(bad)) << bad;
  }
}

}  // namespace
}  // namespace meshcheck::server

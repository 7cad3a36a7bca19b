#include "mesh/table/pmtu_row.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mesh/table/pmtu_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using testing::mtu_to;
using testing::way_of;

PmtuRow row_of(const ReportPmtu& mtu, NameTable::Id to = 1) {
  return {mtu, {.to = to, .too_big_from = 9}};
}

TEST(PmtuRowTest, KeepsBothDirections) {
  ReportPmtu mtu = mtu_to("b", way_of(FragmentationClass::kBlackHole, 1400),
                          way_of(FragmentationClass::kFragmentsDropped, 1500, 9000));
  mtu.family = PathFamily::kIpv6;
  mtu.ways[0].class_age = 90'061'200ms;
  mtu.ways[1].fragments = FragmentsResult::kLost;
  mtu.icmp_fragments = FragmentsResult::kPassed;
  const PmtuRow row = row_of(mtu);
  EXPECT_EQ(row.family(), PathFamily::kIpv6);
  EXPECT_EQ(row.icmp_fragments(), FragmentsResult::kPassed);
  const PmtuRowWay forward = row.way(Direction::kForward);
  EXPECT_EQ(forward.fragmentation_class, FragmentationClass::kBlackHole);
  EXPECT_EQ(forward.fragments, FragmentsResult::kPassed);
  EXPECT_EQ(forward.class_age, 90'061'200ms);
  EXPECT_EQ(forward.size, 1400);
  EXPECT_EQ(forward.link_mtu, 1500);
  EXPECT_EQ(forward.confirmed_age, 2s);
  const PmtuRowWay backward = row.way(Direction::kBackward);
  EXPECT_EQ(backward.fragmentation_class, FragmentationClass::kFragmentsDropped);
  EXPECT_EQ(backward.fragments, FragmentsResult::kLost);
  EXPECT_EQ(backward.size, 1500);
  EXPECT_EQ(backward.link_mtu, 9000);
  EXPECT_FALSE(row.too_big());
}

TEST(PmtuRowTest, TellsWhatIsNotKnownFromNothingPassing) {
  const PmtuRow row = row_of(mtu_to("b", way_of(FragmentationClass::kUnknown, std::nullopt, 0),
                                    way_of(FragmentationClass::kBlackHole, 0)));
  EXPECT_EQ(row.way(Direction::kForward).size, std::nullopt);
  EXPECT_EQ(row.way(Direction::kForward).link_mtu, std::nullopt);
  EXPECT_EQ(row.way(Direction::kForward).confirmed_age, std::nullopt);
  EXPECT_EQ(row.way(Direction::kBackward).size, 0);
}

TEST(PmtuRowTest, KeepsWhoSaidTooBig) {
  ReportPmtu mtu = mtu_to("b", way_of(FragmentationClass::kReducedSignalled, 1300),
                          way_of(FragmentationClass::kClear, 1500));
  mtu.ways[0].too_big = PathMtu::TooBig{.mtu = 1300, .reporter = {}, .age = 3s};
  const auto too_big = row_of(mtu).too_big();
  ASSERT_TRUE(too_big);
  EXPECT_EQ(too_big->mtu, 1300);
  EXPECT_EQ(too_big->from, 9U);
  EXPECT_EQ(too_big->age, 3s);
}

TEST(PmtuRowTest, CutsWhatDoesNotFit) {
  ReportPmtu mtu = mtu_to("b", way_of(FragmentationClass::kReducedSignalled, 65'535),
                          way_of(FragmentationClass::kClear, 1500));
  mtu.ways[0].class_age = 24h * 1000;
  mtu.ways[0].confirmed_age = 24h;
  mtu.ways[0].too_big = PathMtu::TooBig{.mtu = 1300, .reporter = {}, .age = 24h};
  const PmtuRow row = row_of(mtu);
  const PmtuRowWay forward = row.way(Direction::kForward);
  EXPECT_EQ(forward.size, 65'534);
  EXPECT_GT(forward.class_age, 24h * 155);
  EXPECT_EQ(forward.fragmentation_class, FragmentationClass::kReducedSignalled);
  EXPECT_GT(forward.confirmed_age, 109min);
  EXPECT_GT(row.too_big()->age, 68min);
  EXPECT_EQ(row.family(), PathFamily::kIpv4);
}

TEST(PmtuRowTest, IsFoundByItsPeerAndFamily) {
  std::vector<PmtuRow> rows;
  for (const NameTable::Id to : {7U, 3U, 5U}) {
    for (const PathFamily family : {PathFamily::kIpv6, PathFamily::kIpv4}) {
      ReportPmtu mtu = mtu_to("b", way_of(FragmentationClass::kClear, 1500),
                              way_of(FragmentationClass::kClear, 1500));
      mtu.family = family;
      rows.push_back(row_of(mtu, to));
    }
  }
  std::sort(rows.begin(), rows.end());
  const PmtuRow* const found = PmtuRow::find(rows, 5, PathFamily::kIpv6);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->to(), 5U);
  EXPECT_EQ(found->family(), PathFamily::kIpv6);
  EXPECT_EQ(PmtuRow::find(rows, 4, PathFamily::kIpv4), nullptr);
  EXPECT_EQ(PmtuRow::find(rows, 7, PathFamily::kNone), nullptr);
  EXPECT_EQ(PmtuRow::find({}, 7, PathFamily::kIpv4), nullptr);
}

}  // namespace
}  // namespace meshcheck::mesh

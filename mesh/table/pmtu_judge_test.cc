// What one end says of a path's sizes, the other end's word, and the hosts below.
#include "mesh/table/pmtu_judge.h"

#include <gtest/gtest.h>

#include "mesh/table/pmtu_summary.h"
#include "mesh/table/pmtu_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using testing::mtu_to;
using testing::way_of;

// Pods a and b and hosts A and B, on the nodes of a and b, each with a report interval of 1 s.
class PmtuJudgeTest : public ::testing::Test {
 protected:
  void report(const std::string& name, const ReportPmtu& mtu, PathState state = PathState::kUp) {
    const bool host = name < "a";
    ProbingReport report = testing::report_of(1, host ? Layer::kHost : Layer::kPod);
    report.paths = {testing::path_to(mtu.to, state, state == PathState::kDown ? 10s : 0s)};
    report.paths[0].family = mtu.family;
    report.mtus = {mtu};
    report.stopping = stopping_;
    report.tunnel = tunnel_;
    table_.report({.name = name, .node = node_of(name), .report_interval = 1s}, report, clock_.now);
  }
  static std::string node_of(const std::string& name) {
    return name == "a" || name == "A" ? "node-a" : "node-b";
  }

  // What is shown of the first path.
  PmtuJudgement shown(const std::string& from) const {
    std::optional<PmtuJudgement> judgement;
    table_.visit_agent(*table_.find(from), clock_.now, [&](const PathView& path) {
      ASSERT_NE(path.mtu, nullptr);
      judgement = path.pmtu_judgement;
    });
    return judgement.value_or(PmtuJudgement());
  }
  // "class size, class size"
  std::string ways(const std::string& from) const {
    const PmtuJudgement judgement = shown(from);
    const auto text_of = [](const PmtuWay& way) {
      return std::string(text(way.fragmentation_class)) + " " +
             (way.size ? std::to_string(*way.size) : "null");
    };
    return text_of(judgement.ways.forward) + ", " + text_of(judgement.ways.backward);
  }

  // Both ends of a wire that carries `there` from a to b and `back` from b to a.
  void report_wire(const PathMtu::Result& there, const PathMtu::Result& back) {
    const auto seen = [](PathMtu::Result way) {
      const bool reduced = way.fragmentation_class == FragmentationClass::kBlackHole ||
                           way.fragmentation_class == FragmentationClass::kReducedSignalled;
      if (reduced) way.fragmentation_class = FragmentationClass::kReduced;
      return way;
    };
    report("a", mtu_to("b", there, seen(back)));
    report("b", mtu_to("a", back, seen(there)));
  }
  // The same both ways, of pods and hosts.
  void report_layers(const PathMtu::Result& pod, const PathMtu::Result& host) {
    report("a", mtu_to("b", pod, pod));
    report("b", mtu_to("a", pod, pod));
    report("A", mtu_to("B", host, host));
    report("B", mtu_to("A", host, host));
  }

  testing::TestClock clock_;
  MeshTable table_{{}};
  bool stopping_ = false;
  std::string tunnel_ = "vxlan";
  const PathMtu::Result clear_ = way_of(FragmentationClass::kClear, 1500);
  const PathMtu::Result black_hole_ = way_of(FragmentationClass::kBlackHole, 1400);
};

TEST_F(PmtuJudgeTest, ShowsWhatTheAgentSaid) {
  report("a", mtu_to("b", black_hole_, clear_));
  EXPECT_EQ(ways("a"), "black_hole 1400, clear 1500");
  const PmtuJudgement judgement = shown("a");
  EXPECT_EQ(judgement.ways.forward.since, clock_.now.steady - 1min);
  EXPECT_EQ(judgement.ways.forward.confirmed, clock_.now.steady - 2s);
  EXPECT_EQ(judgement.ways.forward.link_mtu, 1500);
  EXPECT_EQ(judgement.findings, (PathFindings{.path_mismatch = true, .asymmetric = true}));
  EXPECT_FALSE(judgement.overlay);
}

TEST_F(PmtuJudgeTest, KnowsNoSizesWhileThePathIsNotUp) {
  report("a", mtu_to("b", black_hole_, clear_), PathState::kDown);
  report("b", mtu_to("a", clear_, clear_));
  clock_.pass(500ms);  // The session of b is young no more, for it began a minute ago.
  EXPECT_EQ(ways("a"), "down null, down null");
  EXPECT_EQ(shown("a").findings, PathFindings());
  report("a", mtu_to("b", black_hole_, clear_));
  clock_.pass(2500ms);
  EXPECT_EQ(ways("a"), "unknown null, unknown null") << "a is outdated";
  stopping_ = true;
  report("b", mtu_to("a", clear_, clear_));
  stopping_ = false;
  report("a", mtu_to("b", black_hole_, clear_));
  EXPECT_EQ(ways("a"), "unknown null, unknown null") << "b is stopping";
  EXPECT_EQ(shown("a").ways.forward.link_mtu, 1500) << "which is the link's, not the path's";
}

TEST_F(PmtuJudgeTest, TakesNoSizeFromARowThatIsDown) {
  report("a", mtu_to("b", way_of(FragmentationClass::kDown, 1400), clear_));
  EXPECT_EQ(ways("a"), "down null, clear 1500");
}

TEST_F(PmtuJudgeTest, TakesThePeersWordOnItsOwnWay) {
  report_wire(clear_, black_hole_);
  EXPECT_EQ(ways("a"), "clear 1500, black_hole 1400");
  EXPECT_EQ(ways("b"), "black_hole 1400, clear 1500");
  report_wire(way_of(FragmentationClass::kReducedSignalled, 1300), clear_);
  EXPECT_EQ(ways("a"), "reduced_signalled 1300, clear 1500");
  EXPECT_EQ(ways("b"), "clear 1500, reduced_signalled 1300");
}

TEST_F(PmtuJudgeTest, TakesItWithTheTimeSinceWhenItHolds) {
  auto back = black_hole_;
  back.class_age = 3min;
  report("b", mtu_to("a", back, clear_));
  report("a", mtu_to("b", clear_, way_of(FragmentationClass::kReduced, 1400)));
  EXPECT_EQ(shown("a").ways.backward.since, clock_.now.steady - 3min);
}

TEST_F(PmtuJudgeTest, DoesNotTakeThePeersWordOnAnotherSizeOrFamily) {
  const auto reduced = way_of(FragmentationClass::kReduced, 1400);
  report("a", mtu_to("b", clear_, reduced));
  EXPECT_EQ(ways("a"), "clear 1500, reduced 1400") << "there is no b";
  report("b", mtu_to("a", way_of(FragmentationClass::kBlackHole, 1300), clear_));
  EXPECT_EQ(ways("a"), "clear 1500, reduced 1400");
  report("b", mtu_to("a", way_of(FragmentationClass::kBlackHole, 1393), clear_));
  EXPECT_EQ(ways("a"), "clear 1500, black_hole 1400") << "its own size stays";
  auto ipv6 = mtu_to("a", black_hole_, clear_);
  ipv6.family = PathFamily::kIpv6;
  report("b", ipv6);
  EXPECT_EQ(ways("a"), "clear 1500, reduced 1400");
}

TEST_F(PmtuJudgeTest, DoesNotTakeTheWordOfAPeerThatIsSilent) {
  report_wire(clear_, black_hole_);
  clock_.pass(2500ms);
  report("a", mtu_to("b", clear_, way_of(FragmentationClass::kReduced, 1400)));
  EXPECT_EQ(ways("a"), "clear 1500, reduced 1400");
}

TEST_F(PmtuJudgeTest, FindsAJumboIsland) {
  const auto way = way_of(FragmentationClass::kBlackHole, 1500, 9000);
  report("a", mtu_to("b", way, way_of(FragmentationClass::kReduced, 1500, 8000)));
  EXPECT_EQ(shown("a").findings,
            (PathFindings{.link_mismatch = true, .path_mismatch = true, .jumbo_island = true}));
}

TEST_F(PmtuJudgeTest, ExplainsAnOverlayByTheHostsBelow) {
  report_layers(way_of(FragmentationClass::kBlackHole, 1350, 1450),
                way_of(FragmentationClass::kBlackHole, 1400, 1500));
  const auto overlay = shown("a").overlay;
  ASSERT_TRUE(overlay);
  const OverlayMtu expected{.cause = OverlayMtu::Cause::kTooLarge, .link_mtu_max = 1350};
  EXPECT_EQ(overlay->forward, expected);
  EXPECT_EQ(overlay->backward, expected);
  EXPECT_FALSE(shown("A").overlay) << "a host has no overlay";
  table_.leave("B");
  EXPECT_FALSE(shown("a").overlay);
}

TEST_F(PmtuJudgeTest, BlamesTheUnderlayWherePodsHaveNoRoomForIpv6) {
  const auto nothing = way_of(FragmentationClass::kBlackHole, 0, 1450);
  const auto host = way_of(FragmentationClass::kBlackHole, 1300, 1500);
  report_layers(nothing, host);
  EXPECT_EQ(shown("a").overlay->forward.cause, OverlayMtu::Cause::kOverlay) << "IPv4 would pass";
  for (const auto& [from, to] : {std::pair("a", "b"), std::pair("b", "a")}) {
    auto inner = mtu_to(to, nothing, nothing);
    inner.family = PathFamily::kIpv6;
    report(from, inner);
  }
  const OverlayMtu expected{.cause = OverlayMtu::Cause::kTooLarge, .link_mtu_max = 1250};
  ASSERT_TRUE(shown("a").overlay);
  EXPECT_EQ(shown("a").overlay->forward, expected);
  EXPECT_EQ(shown("a").overlay->backward, expected);
}

TEST_F(PmtuJudgeTest, ExplainsEachDirectionOfAnOverlay) {
  report("a", mtu_to("b", way_of(FragmentationClass::kBlackHole, 1350, 1450),
                     way_of(FragmentationClass::kClear, 1450, 1450)));
  report("b", mtu_to("a", way_of(FragmentationClass::kClear, 1450, 1450),
                     way_of(FragmentationClass::kReduced, 1350, 1450)));
  report("A", mtu_to("B", black_hole_, clear_));
  report("B", mtu_to("A", clear_, way_of(FragmentationClass::kReduced, 1400)));
  EXPECT_EQ(shown("a").overlay->forward.cause, OverlayMtu::Cause::kTooLarge);
  EXPECT_EQ(shown("a").overlay->backward.cause, OverlayMtu::Cause::kFits);
  EXPECT_EQ(shown("b").overlay->forward.cause, OverlayMtu::Cause::kFits);
}

TEST_F(PmtuJudgeTest, KnowsNothingOfAnOverlayWhoseHostsAreSilentOrNotTested) {
  report_layers(clear_, way_of(FragmentationClass::kUnknown, std::nullopt));
  EXPECT_FALSE(shown("a").overlay);
  report_layers(clear_, clear_);
  EXPECT_TRUE(shown("a").overlay);
  clock_.pass(2500ms);
  report("a", mtu_to("b", clear_, clear_));
  EXPECT_FALSE(shown("a").overlay);
  report_layers(clear_, clear_);
  stopping_ = true;
  report("A", mtu_to("B", clear_, clear_));
  EXPECT_FALSE(shown("a").overlay);
}

TEST_F(PmtuJudgeTest, TakesTheOuterPacketForIpv6WhereTheHostsHaveNoIpv4) {
  report("a", mtu_to("b", clear_, clear_));
  report("b", mtu_to("a", clear_, clear_));
  report("B", mtu_to("A", clear_, clear_));
  auto host = mtu_to("B", clear_, clear_);
  host.family = PathFamily::kIpv6;
  report("A", host);
  EXPECT_EQ(shown("a").overlay->forward.link_mtu_max, 1430);
  report("A", mtu_to("B", clear_, clear_));
  EXPECT_EQ(shown("a").overlay->forward.link_mtu_max, 1450);
}

TEST_F(PmtuJudgeTest, ExplainsNoOverlayWhereTheHostsHaveNoTunnel) {
  tunnel_ = "";
  report_layers(clear_, clear_);
  EXPECT_FALSE(shown("a").overlay);
  tunnel_ = "ipip";
  report_layers(clear_, clear_);
  EXPECT_EQ(shown("a").overlay->forward.link_mtu_max, 1480);
}

TEST_F(PmtuJudgeTest, FollowsHostsThatComeBack) {
  report_layers(clear_, clear_);
  table_.leave("A");
  table_.leave("a");
  EXPECT_FALSE(shown("b").overlay);
  report("A", mtu_to("B", clear_, clear_));
  report("a", mtu_to("b", clear_, clear_));
  EXPECT_TRUE(shown("a").overlay);
  EXPECT_TRUE(shown("b").overlay);
}

TEST(PmtuSummaryTest, CountsEachDirection) {
  PmtuSummary summary;
  const PmtuWay clear{
      .fragmentation_class = FragmentationClass::kClear, .size = 1500, .link_mtu = 1500};
  const PmtuWay hole{
      .fragmentation_class = FragmentationClass::kBlackHole, .size = 1400, .link_mtu = 9000};
  const PmtuWay unknown;
  summary.add({.forward = clear, .backward = hole});
  EXPECT_EQ(summary.link_mtu, 1500) << "its own, not the peer's";
  summary.add({.forward = unknown, .backward = clear});
  EXPECT_EQ(summary.size_min, 1400);
  EXPECT_EQ(summary.size_max, 1500);
  EXPECT_EQ(summary.classes, (std::array<std::uint32_t, 7>{1, 2, 0, 0, 1, 0, 0}));
  EXPECT_EQ(PmtuSummary().size_min, std::nullopt);
}

}  // namespace
}  // namespace meshcheck::mesh

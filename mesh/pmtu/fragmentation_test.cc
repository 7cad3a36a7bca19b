#include "mesh/pmtu/fragmentation.h"

#include <gtest/gtest.h>

#include "mesh/pmtu/loss_estimate.h"

namespace meshcheck::mesh {
namespace {

using Class = FragmentationClass;
using Cause = OverlayMtu::Cause;

SizeEvidence evidence(std::uint16_t size, std::uint16_t link_mtu, Signal signal = Signal::kUnheard,
                      FragmentsResult fragments = FragmentsResult::kPassed) {
  return {.size = size, .link_mtu = link_mtu, .signal = signal, .fragments = fragments};
}

TEST(FragmentationTest, KnowsWhatTunnelsAdd) {
  EXPECT_EQ(tunnel_overhead("vxlan", false), 50);
  EXPECT_EQ(tunnel_overhead("vxlan", true), 70);
  EXPECT_EQ(tunnel_overhead("wireguard", false), 60);
  EXPECT_EQ(tunnel_overhead("ipip", true), 0);
  EXPECT_EQ(tunnel_overhead("", false), 0);
  EXPECT_EQ(tunnel_overhead("veth", false), 0);
}

TEST(FragmentationTest, ClassifiesByTheTable) {
  struct Row {
    SizeEvidence evidence;
    Class wanted;
  };
  constexpr auto kLost = FragmentsResult::kLost;
  const Row rows[] = {
      {evidence(1500, 1500), Class::kClear},
      {evidence(1500, 1500, Signal::kHeard), Class::kClear},
      {evidence(1500, 1500, Signal::kUnheard, FragmentsResult::kUnknown), Class::kClear},
      {evidence(1400, 1500), Class::kBlackHole},
      {evidence(1400, 1500, Signal::kUnheard, kLost), Class::kBlackHole},
      {evidence(0, 1500), Class::kBlackHole},
      {evidence(1400, 1500, Signal::kHeard), Class::kReducedSignalled},
      {evidence(1400, 1500, Signal::kHeard, kLost), Class::kFragmentsDropped},
      {evidence(1400, 1500, Signal::kNotForUs), Class::kReduced},
      {evidence(1400, 1500, Signal::kNotForUs, kLost), Class::kReduced},
      {evidence(1500, 1500, Signal::kUnheard, kLost), Class::kFragmentsDropped},
      {evidence(1500, 1500, Signal::kNotForUs, kLost), Class::kFragmentsDropped},
      {{.size = 1400}, Class::kUnknown},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(text(classify(row.evidence)), text(row.wanted))
        << row.evidence.size << " " << static_cast<int>(row.evidence.signal);
  }
}

TEST(FragmentationTest, FindsNothingOnAClearPath) {
  EXPECT_EQ(find_mismatches(evidence(1500, 1500), evidence(1500, 1500)), PathFindings{});
}

TEST(FragmentationTest, TellsWhatDiffers) {
  EXPECT_EQ(find_mismatches(evidence(1400, 1500), evidence(1400, 1500)),
            (PathFindings{.path_mismatch = true}));
  EXPECT_EQ(find_mismatches(evidence(1400, 1500), evidence(1500, 1500)),
            (PathFindings{.path_mismatch = true, .asymmetric = true}));
  EXPECT_EQ(find_mismatches(evidence(1500, 9000), evidence(1500, 1500)),
            (PathFindings{.link_mismatch = true}));
  EXPECT_EQ(find_mismatches(evidence(9000, 9000), evidence(1500, 1500)),
            (PathFindings{.link_mismatch = true}));
  EXPECT_EQ(find_mismatches(evidence(1500, 9000), evidence(1500, 9000)),
            (PathFindings{.path_mismatch = true, .jumbo_island = true}));
  EXPECT_EQ(find_mismatches(evidence(1500, 9000), evidence(1450, 1450)),
            (PathFindings{.link_mismatch = true}));
  EXPECT_EQ(find_mismatches(evidence(8950, 9000), evidence(8950, 9000)),
            (PathFindings{.path_mismatch = true}));
}

TEST(FragmentationTest, FindsNothingWhereALinkIsNotKnown) {
  EXPECT_EQ(find_mismatches(evidence(1400, 9000), {.size = 1500}), PathFindings{});
}

TEST(FragmentationTest, ExplainsAnOverlayByItsUnderlay) {
  constexpr OverlayRules kVxlan{.overhead = 50};
  // A pod link of 1450 over 1500 fits exactly.
  EXPECT_EQ(explain(evidence(1450, 1450), evidence(1500, 1500), kVxlan),
            (OverlayMtu{.cause = Cause::kFits, .link_mtu_max = 1450}));
  // 1500 over 1500, and 1450 over 1400.
  EXPECT_EQ(explain(evidence(1450, 1500), evidence(1500, 1500), kVxlan),
            (OverlayMtu{.cause = Cause::kTooLarge, .link_mtu_max = 1450}));
  EXPECT_EQ(explain(evidence(1350, 1450), evidence(1400, 1500), kVxlan),
            (OverlayMtu{.cause = Cause::kTooLarge, .link_mtu_max = 1350}));
  EXPECT_EQ(explain(evidence(1500, 1500), evidence(1500, 1500), kVxlan),
            (OverlayMtu{.cause = Cause::kTooLargeFragmented, .link_mtu_max = 1450}));
  EXPECT_EQ(explain(evidence(1300, 1450), evidence(1500, 1500), kVxlan),
            (OverlayMtu{.cause = Cause::kOverlay, .link_mtu_max = 1450}));
  EXPECT_EQ(explain(evidence(1300, 1500), evidence(1500, 1500), kVxlan),
            (OverlayMtu{.cause = Cause::kOverlay, .link_mtu_max = 1450}));
}

TEST(FragmentationTest, ExplainsAnOverlayThatLeavesIpv6LessThanItNeeds) {
  constexpr OverlayRules kVxlan{.overhead = 50, .size_min = kIpv6SizeMin};
  EXPECT_EQ(explain(evidence(0, 1450), evidence(1300, 1500), kVxlan),
            (OverlayMtu{.cause = Cause::kTooLarge, .link_mtu_max = 1250}));
  EXPECT_EQ(explain(evidence(0, 1450), evidence(1329, 1500), kVxlan),
            (OverlayMtu{.cause = Cause::kTooLarge, .link_mtu_max = 1279}));
  EXPECT_EQ(explain(evidence(0, 1450), evidence(1330, 1500), kVxlan),
            (OverlayMtu{.cause = Cause::kOverlay, .link_mtu_max = 1280}))
      << "1280 would fit";
  EXPECT_EQ(explain(evidence(0, 1450), evidence(1300, 1500), {.overhead = 50}),
            (OverlayMtu{.cause = Cause::kOverlay, .link_mtu_max = 1250}))
      << "of IPv4 less is tried";
}

TEST(FragmentationTest, ExplainsNothingWithoutBothLayers) {
  EXPECT_EQ(explain(std::nullopt, evidence(1500, 1500), {.overhead = 50}), OverlayMtu{});
  EXPECT_EQ(explain(evidence(1450, 1450), std::nullopt, {.overhead = 50}), OverlayMtu{});
  EXPECT_EQ(explain(evidence(1450, 1450), evidence(0, 1500), {.overhead = 50}), OverlayMtu{});
}

TEST(FragmentationTest, HasANameForEverything) {
  EXPECT_EQ(text(Class::kUnknown), "unknown");
  EXPECT_EQ(text(Class::kReducedSignalled), "reduced_signalled");
  EXPECT_EQ(text(Class::kDown), "down");
  EXPECT_EQ(text(FragmentsResult::kLost), "lost");
  EXPECT_EQ(text(Cause::kOverlay), "overlay");
}

TEST(LossEstimateTest, WantsTheMoreLossesTheMoreIsLost) {
  EXPECT_EQ(LossEstimate::losses_needed(0.1, 1e-6), 6U);
  EXPECT_EQ(LossEstimate::losses_needed(0.5, 1e-6), 20U);
  EXPECT_EQ(LossEstimate::losses_needed(0.99, 1e-6), 60U);
}

TEST(LossEstimateTest, FollowsTheLatestProbes) {
  LossEstimate estimate;
  EXPECT_NEAR(estimate.share(), 0.67, 0.01);
  for (int i = 0; i < 1000; ++i) estimate.answered();
  EXPECT_LT(estimate.share(), 0.07);
  for (int i = 0; i < 200; ++i) {
    estimate.lost();
    estimate.answered();
  }
  EXPECT_NEAR(estimate.share(), 0.5, 0.05);
  estimate.lost(1000);
  EXPECT_LT(estimate.share(), 1);
}

}  // namespace
}  // namespace meshcheck::mesh

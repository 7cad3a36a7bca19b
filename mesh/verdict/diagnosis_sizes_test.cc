// Faults of sizes and fragments, from a view written by hand.
#include <gtest/gtest.h>

#include "mesh/verdict/diagnosis.h"
#include "mesh/verdict/verdict_testing.h"

namespace meshcheck::verdict {
namespace {

using testing::HandMadeMesh;
using testing::told;
using Lines = std::vector<std::string>;

void limit(HandMadeMesh& mesh, Index node, FragmentationClass found, bool out, bool in) {
  for (SizeResult& result : mesh.view.sizes) {
    const bool sends = mesh.node_of(result.sender) == node && out;
    const bool receives = mesh.node_of(result.receiver) == node && in;
    if (!sends && !receives) continue;
    // The end that receives cannot know whether the other one is told.
    const bool forward = mesh.view.paths[result.path].from == result.sender;
    const bool reduced = found == FragmentationClass::kBlackHole && !forward;
    result.fragmentation_class = reduced ? FragmentationClass::kReduced : found;
    result.size = static_cast<std::uint16_t>(result.link_mtu - 100);
    result.since = mesh.began;
  }
}

TEST(DiagnosisSizesTest, TellsThePortWithASmallMtuAndItsWay) {
  HandMadeMesh mesh(8);
  mesh.add_sizes();
  EXPECT_EQ(told(mesh.view, true), Lines{});
  limit(mesh, 3, FragmentationClass::kBlackHole, true, false);
  EXPECT_EQ(told(mesh.view), Lines{"mtu_black_hole node-3 both out critical 28/28"});
  EXPECT_EQ(diagnose(mesh.view).front().size, 1400) << "of the wire";
  limit(mesh, 3, FragmentationClass::kBlackHole, true, true);
  EXPECT_EQ(told(mesh.view), Lines{"mtu_black_hole node-3 both both critical 56/56"});
}

TEST(DiagnosisSizesTest, TellsThePortWithASmallMtuOfASmallCluster) {
  HandMadeMesh mesh(3);
  mesh.add_sizes();
  limit(mesh, 2, FragmentationClass::kBlackHole, true, false);
  limit(mesh, 2, FragmentationClass::kBlackHole, false, true);
  EXPECT_EQ(told(mesh.view), Lines{"mtu_black_hole node-2 both both critical 16/16"});
}

TEST(DiagnosisSizesTest, TellsDroppedFragmentsOfANodeAndOfAll) {
  HandMadeMesh mesh(8);
  mesh.add_sizes();
  limit(mesh, 3, FragmentationClass::kFragmentsDropped, true, true);
  EXPECT_EQ(told(mesh.view), Lines{"fragments_dropped node-3 both both warning 56/56"});
  for (Index node = 0; node < 8; ++node) {
    limit(mesh, node, FragmentationClass::kFragmentsDropped, true, true);
  }
  EXPECT_EQ(told(mesh.view), Lines{"fragments_dropped all both both warning 224/224"});
}

TEST(DiagnosisSizesTest, TellsAnOverlayWhoseMtuIsTooLarge) {
  HandMadeMesh mesh(8);
  mesh.add_sizes();
  for (SizeResult& result : mesh.view.sizes) {
    if (mesh.layer_of(result.sender) == Layer::kHost) continue;
    result.link_mtu = 1500;  // And 1450 pass.
    const bool forward = mesh.view.paths[result.path].from == result.sender;
    result.fragmentation_class =
        forward ? FragmentationClass::kBlackHole : FragmentationClass::kReduced;
  }
  EXPECT_EQ(told(mesh.view), Lines{"overlay_mtu all pod both critical 112/112"});
}

}  // namespace
}  // namespace meshcheck::verdict

#include "mesh/pmtu/fragmentation.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace meshcheck::mesh {
namespace {

// No link between an Ethernet frame and this is called jumbo; baby giants of 1600 are not.
constexpr std::uint16_t kJumboMin = 4000;
constexpr std::uint16_t kIslandMax = 1600;

constexpr std::array<std::string_view, 7> kClasses = {
    "unknown", "clear", "reduced", "reduced_signalled", "black_hole", "fragments_dropped", "down"};
constexpr std::array<std::string_view, 3> kResults = {"unknown", "passed", "lost"};
constexpr std::array<std::string_view, 5> kCauses = {"unknown", "fits", "too_large",
                                                     "too_large_fragmented", "overlay"};

struct Tunnel {
  std::string_view kind;
  std::uint16_t over_ipv4 = 0;  // 0: there is no such thing.
  std::uint16_t over_ipv6 = 0;
};
constexpr std::array<Tunnel, 7> kTunnels = {{
    {"vxlan", 50, 70},  // IP, UDP 8, VXLAN 8, the inner Ethernet header 14.
    {"geneve", 50, 70},
    {"wireguard", 60, 80},  // IP, UDP 8, header and tag 32.
    {"ipip", 20, 0},
    {"gre", 24, 0},
    {"sit", 20, 0},
    {"ip6tnl", 0, 40},
}};

}  // namespace

std::string_view text(FragmentationClass fragmentation_class) {
  return kClasses[static_cast<std::size_t>(fragmentation_class)];
}

std::string_view text(FragmentsResult result) {
  return kResults[static_cast<std::size_t>(result)];
}

std::string_view text(OverlayMtu::Cause cause) {
  return kCauses[static_cast<std::size_t>(cause)];
}

FragmentationClass classify(const SizeEvidence& evidence) {
  if (!evidence.link_mtu) return FragmentationClass::kUnknown;
  const bool fragments_lost = evidence.fragments == FragmentsResult::kLost;
  if (evidence.size >= *evidence.link_mtu) {
    return fragments_lost ? FragmentationClass::kFragmentsDropped : FragmentationClass::kClear;
  }
  if (evidence.signal == Signal::kUnheard) return FragmentationClass::kBlackHole;
  // The other end's fragments are as large as its link, and may be lost for their size alone.
  if (evidence.signal == Signal::kNotForUs) return FragmentationClass::kReduced;
  return fragments_lost ? FragmentationClass::kFragmentsDropped
                        : FragmentationClass::kReducedSignalled;
}

PathFindings find_mismatches(const SizeEvidence& forward, const SizeEvidence& backward) {
  PathFindings findings;
  if (!forward.link_mtu || !backward.link_mtu) return findings;
  const std::uint16_t smaller_link = std::min(*forward.link_mtu, *backward.link_mtu);
  const std::uint16_t smaller_size = std::min(forward.size, backward.size);
  findings.link_mismatch = *forward.link_mtu != *backward.link_mtu;
  findings.path_mismatch = smaller_size < smaller_link;
  // An end that receives more than it sends is no fault of the path.
  findings.asymmetric = forward.size != backward.size &&
                        (forward.size < smaller_link || backward.size < smaller_link);
  findings.jumbo_island =
      smaller_link >= kJumboMin && smaller_size <= kIslandMax && smaller_size >= 1280;
  return findings;
}

std::uint16_t tunnel_overhead(std::string_view kind, bool outer_is_ipv6) {
  const auto known = std::find_if(kTunnels.begin(), kTunnels.end(),
                                  [&](const Tunnel& tunnel) { return tunnel.kind == kind; });
  if (known == kTunnels.end()) return 0;
  return outer_is_ipv6 ? known->over_ipv6 : known->over_ipv4;
}

OverlayMtu explain(const std::optional<SizeEvidence>& pod, const std::optional<SizeEvidence>& host,
                   const OverlayRules& rules) {
  using Cause = OverlayMtu::Cause;
  if (!pod || !pod->link_mtu || !host || host->size <= rules.overhead) return {};
  const auto fitting = static_cast<std::uint16_t>(host->size - rules.overhead);
  const bool full_size_passes = pod->size >= *pod->link_mtu;
  if (*pod->link_mtu > fitting) {
    if (full_size_passes) return {.cause = Cause::kTooLargeFragmented, .link_mtu_max = fitting};
    // Less than what fits passes: then the underlay is not all that is wrong. But where less fits
    // than is ever tried, nothing passes for that alone.
    const bool smaller = pod->size < fitting && fitting >= rules.size_min;
    return {.cause = smaller ? Cause::kOverlay : Cause::kTooLarge, .link_mtu_max = fitting};
  }
  return {.cause = full_size_passes ? Cause::kFits : Cause::kOverlay, .link_mtu_max = fitting};
}

}  // namespace meshcheck::mesh

// Sizes of packets that do not pass, though small ones do.
#include <algorithm>

#include "mesh/verdict/cover.h"
#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// Octets that overlays add: from IP in IP to VXLAN over IPv6, with IPsec below.
constexpr int kOverheadMin = 20;
constexpr int kOverheadMax = 120;
// Of what fails, how much has to be seen by who sends: the other end cannot know whether the
// sender is told of a smaller size.
constexpr double kFirstHandMin = 0.25;

// Each path finds its sizes by itself, and some take ten seconds longer than others. Until then few
// are no sign of a narrow fault, and many are one of a wide fault.
constexpr std::chrono::seconds kSettle{15};
constexpr double kZoneShare = 0.75;
constexpr double kAllShare = 0.67;

enum class Test { kPassed, kFailed, kSecondHand };

Test full_packets(const SizeResult& result) {
  if (result.fragmentation_class == FragmentationClass::kBlackHole) return Test::kFailed;
  if (result.fragmentation_class == FragmentationClass::kReduced) return Test::kSecondHand;
  return Test::kPassed;
}

Test fragments(const SizeResult& result) {
  const bool dropped = result.fragmentation_class == FragmentationClass::kFragmentsDropped;
  return dropped ? Test::kFailed : Test::kPassed;
}

class Sizes {
 public:
  Sizes(const Evidence& evidence, Findings& findings)
      : evidence_(evidence), view_(evidence.view), findings_(findings) {}

  void find(Kind kind, Test (*test)(const SizeResult&)) {
    // Mostly nothing fails, and a look is cheaper than to count.
    const bool any =
        std::any_of(view_.sizes.begin(), view_.sizes.end(), [&](const SizeResult& result) {
          return test(result) == Test::kFailed && is_known(result);
        });
    if (!any) return;
    Cover cover(
        view_, evidence_.suspects,
        {.directed = true, .zone_share = kZoneShare, .all_share = kAllShare, .settle = kSettle});
    for (Index at = 0; at < view_.sizes.size(); ++at) {
      const SizeResult& result = view_.sizes[at];
      if (!is_known(result)) continue;
      const Observation seen{.path = at,
                             .tail = evidence_.node_of(result.sender),
                             .head = evidence_.node_of(result.receiver),
                             .layer = evidence_.layer_of(result.sender),
                             .ipv6 = result.family == PathFamily::kIpv6,
                             .ahead = true,
                             .back = false,
                             .since = result.since};
      if (test(result) == Test::kPassed) {
        cover.add_good(seen);
      } else {
        cover.add_bad(seen);
      }
    }
    for (const Explanation& found : cover.explain()) tell(kind, test, cover, found);
  }

 private:
  bool is_known(const SizeResult& result) const {
    if (result.fragmentation_class == FragmentationClass::kUnknown ||
        result.fragmentation_class == FragmentationClass::kDown) {
      return false;
    }
    const Path& path = view_.paths[result.path];
    return path.relation == Relation::kPeer && path.state != PathState::kDown &&
           evidence_.counts(path);
  }

  void tell(Kind kind, Test (*test)(const SizeResult&), const Cover& cover,
            const Explanation& found) {
    Finding finding = finding_of(
        evidence_, found, kind == Kind::kMtuBlackHole ? Severity::kCritical : Severity::kWarning);
    finding.kind = kind;
    finding.partial = found.partial;
    std::uint32_t first_hand = 0;
    finding.size = 0xffff;
    for (const std::uint32_t member : found.members) {
      const SizeResult& result = view_.sizes[cover.bad()[member].path];
      finding.add_evidence(result.path);
      if (test(result) != Test::kFailed) continue;
      ++first_hand;
      if (result.size >= finding.size) continue;
      finding.size = result.size;
      finding.link_mtu = result.link_mtu;
    }
    if (first_hand < kFirstHandMin * static_cast<double>(found.members.size())) return;
    if (kind == Kind::kMtuBlackHole && is_overlay(cover, found, finding)) {
      finding.kind = Kind::kOverlayMtu;
    }
    findings_.push_back(finding);
  }

  // The pods' links promise more than the hosts between them carry with the overlay's own octets.
  bool is_overlay(const Cover& cover, const Explanation& found, const Finding& finding) const {
    if (found.scope != Scope::kPod) return false;
    std::uint16_t host_size = 0xffff;
    for (const std::uint32_t member : found.members) {
      const Observation& seen = cover.bad()[member];
      host_size = std::min(host_size, host_size_from(seen.tail));
    }
    if (host_size == 0xffff || host_size == 0) return false;
    const int overhead = view_.overlay_overhead;
    if (overhead != 0) return finding.link_mtu + overhead > host_size;
    const int missing = host_size - finding.size;
    return finding.link_mtu > finding.size && missing >= kOverheadMin && missing <= kOverheadMax;
  }

  // What the host network of a node carries in full packets; the largest number if not known.
  std::uint16_t host_size_from(Index node) const {
    if (host_sizes_.empty()) {
      host_sizes_.assign(view_.nodes.size(), 0xffff);
      for (const SizeResult& result : view_.sizes) {
        if (evidence_.layer_of(result.sender) != Layer::kHost || !is_known(result)) continue;
        std::uint16_t& size = host_sizes_[evidence_.node_of(result.sender)];
        // A host that fails itself explains its pods, and is no measure.
        const bool fails = full_packets(result) != Test::kPassed;
        size = fails ? 0 : std::min(size, result.size);
      }
    }
    return host_sizes_[node];
  }

  const Evidence& evidence_;
  const View& view_;
  Findings& findings_;
  mutable std::vector<std::uint16_t> host_sizes_;  // By node, made when first asked for.
};

}  // namespace

void find_size_faults(const Evidence& evidence, Findings& findings) {
  if (evidence.view.sizes.empty()) return;
  Sizes sizes(evidence, findings);
  sizes.find(Kind::kMtuBlackHole, full_packets);
  sizes.find(Kind::kFragmentsDropped, fragments);
}

}  // namespace meshcheck::verdict

// Sizes of packets that do not pass, though small ones do.
#include <algorithm>
#include <optional>

#include "mesh/verdict/cover.h"
#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// Bytes that overlays add: from IP in IP to VXLAN over IPv6, with IPsec below.
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

// Until most have, what all of the few share. By chance nothing ever fails here, so a handful that
// have one node in common are that node's; a dozen that are everywhere are of all.
constexpr std::chrono::seconds kNew{25};
constexpr std::size_t kNewNodesMin = 8;
constexpr std::uint32_t kNewMin = 5;
constexpr double kNewShare = 0.8;
constexpr std::uint32_t kNewAmongOthersMin = 10;
constexpr double kNewAmongOthersShare = 0.45;
constexpr std::size_t kNewWitnessesMin = 4;
constexpr std::size_t kNewReportersMin = 3;  // One report tells of many paths at once.
constexpr std::uint32_t kNewOfAllMin = 20;
constexpr double kNewOfAllNodes = 0.8;
constexpr double kNewOfAllShareMax = 0.3;
constexpr double kNewOutsideMin = 0.15;
// If both layers failed, so many would hardly be of one alone.
constexpr std::size_t kNewOneLayerMin = 10;
constexpr std::size_t kNewByOthersMin = 2;  // And not by the node itself.
constexpr std::size_t kNewOneLayerByOthersMin = 10;

void keep_each_once(std::vector<Index>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

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
    const std::vector<Explanation> all_found = cover.explain();
    bool wide = false;
    for (const Explanation& found : all_found) {
      wide = wide || found.subject.type != Type::kNodePair;
      tell(kind, test, cover, found);
    }
    if (wide) return;
    const std::optional<Explanation> found = find_new(cover);
    if (found) tell(kind, test, cover, *found);
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

  struct Counts {  // Of what fails, by node, and by zone what has an end there.
    std::vector<std::uint32_t> nodes;
    std::vector<std::uint32_t> zones;
  };
  Counts count(const std::vector<Observation>& bad) const {
    Counts counts{.nodes = std::vector<std::uint32_t>(view_.nodes.size()),
                  .zones = std::vector<std::uint32_t>(view_.zones.size())};
    for (const Observation& seen : bad) {
      ++counts.nodes[seen.tail];
      ++counts.nodes[seen.head];
      const Index tail = view_.nodes[seen.tail].zone;
      const Index head = view_.nodes[seen.head].zone;
      if (tail != kNoIndex) ++counts.zones[tail];
      if (head != kNoIndex && head != tail) ++counts.zones[head];
    }
    return counts;
  }

  std::optional<Explanation> find_new(const Cover& cover) const {
    const std::vector<Observation>& bad = cover.bad();
    const bool is_new = std::all_of(bad.begin(), bad.end(), [this](const Observation& seen) {
      return view_.now - seen.since < kNew;
    });
    if (!is_new || bad.size() < kNewMin || view_.nodes.size() < kNewNodesMin) return std::nullopt;
    const Counts counts = count(bad);
    const auto most = std::max_element(counts.nodes.begin(), counts.nodes.end());
    const double share = *most / static_cast<double>(bad.size());
    Explanation found;
    if (share >= kNewShare || (*most >= kNewAmongOthersMin && share >= kNewAmongOthersShare)) {
      found.subject = {.type = Type::kNode,
                       .first = static_cast<Index>(most - counts.nodes.begin())};
    } else if (share > kNewOfAllShareMax || !is_everywhere(bad.size(), counts)) {
      return std::nullopt;
    }
    return describe_new(cover, found) ? std::optional(found) : std::nullopt;
  }

  bool is_everywhere(std::size_t failing, const Counts& counts) const {
    const auto touched = counts.nodes.size() - static_cast<std::size_t>(std::count(
                                                   counts.nodes.begin(), counts.nodes.end(), 0U));
    if (failing < kNewOfAllMin ||
        static_cast<double>(touched) < kNewOfAllNodes * static_cast<double>(counts.nodes.size()))
      return false;
    const auto outside = [&](std::uint32_t of_zone) {
      return static_cast<double>(failing) - of_zone;
    };
    return counts.zones.size() < 2 ||
           std::all_of(counts.zones.begin(), counts.zones.end(), [&](std::uint32_t of_zone) {
             return outside(of_zone) >= kNewOutsideMin * static_cast<double>(failing);
           });
  }

  // False if it cannot be said yet.
  bool describe_new(const Cover& cover, Explanation& found) const {
    const bool of_node = found.subject.type == Type::kNode;
    std::vector<Index> others;
    std::vector<Index> reporters;
    std::size_t by_others = 0;
    std::array<std::size_t, 2> layers{};
    std::array<std::size_t, 2> ways{};
    found.since = view_.now;
    for (std::uint32_t member = 0; member < cover.bad().size(); ++member) {
      const Observation& seen = cover.bad()[member];
      const bool out = seen.tail == found.subject.first;
      if (of_node && !out && seen.head != found.subject.first) continue;
      found.members.push_back(member);
      found.since = std::min(found.since, seen.since);
      others.push_back(out ? seen.head : seen.tail);
      const Index reporter = view_.paths[view_.sizes[seen.path].path].from;
      reporters.push_back(reporter);
      by_others += !of_node || evidence_.node_of(reporter) != found.subject.first ? 1U : 0U;
      ++layers[seen.layer == Layer::kHost ? 1 : 0];
      ++ways[out ? 0 : 1];
    }
    keep_each_once(others);
    keep_each_once(reporters);
    const std::size_t failing = found.members.size();
    const bool both = layers[0] > 0 && layers[1] > 0;
    if (others.size() < kNewWitnessesMin || reporters.size() < kNewReportersMin) return false;
    if (by_others < (both ? kNewByOthersMin : kNewOneLayerByOthersMin)) return false;
    if (!both && failing < kNewOneLayerMin) return false;
    if (of_node && is_of_zone(found.subject.first, others)) return false;
    found.scope = both ? Scope::kBoth : layers[1] > 0 ? Scope::kHost : Scope::kPod;
    found.way = !of_node || (ways[0] > 0 && ways[1] > 0) ? Way::kBoth
                : ways[0] > 0                            ? Way::kOut
                                                         : Way::kIn;
    found.failing = static_cast<std::uint32_t>(failing);
    found.observed = observed_of(found);
    return true;
  }

  // Whether all others are of one zone, and the node of another.
  bool is_of_zone(Index node, const std::vector<Index>& others) const {
    const Index zone = view_.nodes[others.front()].zone;
    if (zone == kNoIndex || zone == view_.nodes[node].zone) return false;
    return std::all_of(others.begin(), others.end(),
                       [&](Index other) { return view_.nodes[other].zone == zone; });
  }

  std::uint32_t observed_of(const Explanation& found) const {
    return static_cast<std::uint32_t>(
        std::count_if(view_.sizes.begin(), view_.sizes.end(), [&](const SizeResult& result) {
          const bool host = evidence_.layer_of(result.sender) == Layer::kHost;
          if (found.scope != Scope::kBoth && host != (found.scope == Scope::kHost)) return false;
          if (!is_known(result)) return false;
          if (found.subject.type == Type::kAll) return true;
          const bool out = evidence_.node_of(result.sender) == found.subject.first;
          const bool in = evidence_.node_of(result.receiver) == found.subject.first;
          return (out && found.way != Way::kIn) || (in && found.way != Way::kOut);
        }));
  }

  void tell(Kind kind, Test (*test)(const SizeResult&), const Cover& cover,
            const Explanation& found) {
    Finding finding = finding_of(
        evidence_, found, kind == Kind::kMtuBlackHole ? Severity::kCritical : Severity::kWarning);
    finding.kind = kind;
    finding.partial = found.partial;
    std::uint32_t first_hand = 0;
    finding.size = 0xffff;
    // The hosts' first: what the wire carries is told, and not what that leaves to the overlay.
    for (const Layer layer : {Layer::kHost, Layer::kPod}) {
      const bool known = finding.size != 0xffff;
      for (const std::uint32_t member : found.members) {
        const SizeResult& result = view_.sizes[cover.bad()[member].path];
        if (evidence_.layer_of(result.sender) != layer) continue;
        finding.add_evidence(result.path);
        if (test(result) != Test::kFailed) continue;
        ++first_hand;
        if (known || result.size >= finding.size) continue;
        finding.size = result.size;
        finding.link_mtu = result.link_mtu;
      }
    }
    if (first_hand < kFirstHandMin * static_cast<double>(found.members.size())) return;
    if (kind == Kind::kMtuBlackHole && is_overlay(cover, found, finding)) {
      finding.kind = Kind::kOverlayMtu;
    }
    findings_.push_back(finding);
  }

  // The pods' links promise more than the hosts between them carry with the overlay's own bytes.
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

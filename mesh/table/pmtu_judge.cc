#include "mesh/table/pmtu_judge.h"

#include <cstdlib>

namespace meshcheck::mesh {
namespace {

// Both ends find the size of one wire. They find it seconds apart, and while it changes theirs
// differ; IPv6 fragments are cut to eight bytes, so less than that is no difference.
constexpr int kSizeDifferenceMax = 7;

PmtuWay way_of(const MeshAgent& from, const PmtuRow& row, Direction direction) {
  const PmtuRowWay said = row.way(direction);
  PmtuWay way{.fragmentation_class = said.fragmentation_class,
              .fragments = said.fragments,
              .since = from.received - said.class_age,
              .link_mtu = said.link_mtu};
  // While it is down, nothing is known of sizes.
  if (way.fragmentation_class == FragmentationClass::kDown) return way;
  way.size = said.size;
  if (said.size && said.confirmed_age) way.confirmed = from.received - *said.confirmed_age;
  return way;
}

PmtuWay without_size(const PmtuWay& way, const Judgement& path) {
  const bool down = path.state == PathState::kDown;
  return {.fragmentation_class = down ? FragmentationClass::kDown : FragmentationClass::kUnknown,
          .since = path.since,
          .link_mtu = way.link_mtu};
}

std::optional<SizeEvidence> evidence_of(const PmtuWay& way) {
  if (!way.size) return std::nullopt;
  return SizeEvidence{.size = *way.size, .link_mtu = way.link_mtu, .fragments = way.fragments};
}

// Whether `there`, the peer's word on its own way, says more than that it is reduced.
bool tells_more(const PmtuWay& there, const PmtuWay& back) {
  const bool worse = there.fragmentation_class == FragmentationClass::kReducedSignalled ||
                     there.fragmentation_class == FragmentationClass::kBlackHole ||
                     there.fragmentation_class == FragmentationClass::kFragmentsDropped;
  return worse && there.size && back.size &&
         std::abs(int{*there.size} - int{*back.size}) <= kSizeDifferenceMax;
}

// The host's agent on the node of a pod's.
const MeshAgent* host_of(const MeshAgent& pod) {
  const bool has =
      pod.node != NameTable::kNone && pod.series != nullptr && pod.series->other_layer != nullptr;
  return has ? pod.series->other_layer->latest : nullptr;
}

}  // namespace

bool PmtuJudge::is_fresh(const MeshAgent& agent) const {
  return !agent.stopping && !judge_.is_outdated(agent);
}

PmtuJudgement PmtuJudge::judge(const MeshAgent& from, const PmtuRow& row, const MeshAgent* to,
                               const Judgement& path) const {
  PmtuJudgement judgement{.ways = ways(from, row, to)};
  PmtuWays& ways = judgement.ways;
  if (path.state == PathState::kUnknown || path.state == PathState::kDown) {
    ways = {without_size(ways.forward, path), without_size(ways.backward, path)};
    return judgement;
  }
  const auto forward = evidence_of(ways.forward);
  const auto backward = evidence_of(ways.backward);
  if (forward && backward) judgement.findings = find_mismatches(*forward, *backward);
  if (to != nullptr) judgement.overlay = explain_overlay(from, *to, row.family(), ways);
  return judgement;
}

PmtuWays PmtuJudge::ways(const MeshAgent& from, const PmtuRow& row, const MeshAgent* to) const {
  PmtuWays ways{.forward = way_of(from, row, Direction::kForward),
                .backward = way_of(from, row, Direction::kBackward)};
  const bool asks = ways.backward.fragmentation_class == FragmentationClass::kReduced;
  if (!asks || to == nullptr || !is_fresh(*to)) return ways;
  const PmtuRow* const other = PmtuRow::find(to->mtus, from.name, row.family());
  if (other == nullptr) return ways;
  const PmtuWay there = way_of(*to, *other, Direction::kForward);
  if (!tells_more(there, ways.backward)) return ways;
  ways.backward.fragmentation_class = there.fragmentation_class;
  ways.backward.since = there.since;
  return ways;
}

std::optional<OverlayWays> PmtuJudge::explain_overlay(const MeshAgent& from, const MeshAgent& to,
                                                      PathFamily inner, const PmtuWays& pod) const {
  if (from.layer != Layer::kPod || to.layer != Layer::kPod) return std::nullopt;
  const MeshAgent* const here = host_of(from);
  const MeshAgent* const there = host_of(to);
  if (here == nullptr || there == nullptr || !is_fresh(*here)) return std::nullopt;
  for (const PathFamily outer : {PathFamily::kIpv4, PathFamily::kIpv6}) {
    const std::uint16_t overhead = here->tunnel_overheads[outer == PathFamily::kIpv4 ? 0 : 1];
    const PmtuRow* const row = PmtuRow::find(here->mtus, there->name, outer);
    if (row == nullptr || overhead == 0) continue;
    const PmtuWays host = ways(*here, *row, there);
    const OverlayRules rules{
        .overhead = overhead,
        .size_min = inner == PathFamily::kIpv6 ? kIpv6SizeMin : std::uint16_t{0}};
    const auto explain_way = [&rules](const PmtuWay& above, const PmtuWay& below) {
      return explain(evidence_of(above), evidence_of(below), rules);
    };
    const OverlayWays overlay{.forward = explain_way(pod.forward, host.forward),
                              .backward = explain_way(pod.backward, host.backward)};
    constexpr auto kUnknown = OverlayMtu::Cause::kUnknown;
    if (overlay.forward.cause != kUnknown || overlay.backward.cause != kUnknown) return overlay;
  }
  return std::nullopt;
}

}  // namespace meshcheck::mesh

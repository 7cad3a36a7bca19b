#include "mesh/verdict/explanation.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// A way is said if so many know it and hardly anybody disagrees.
constexpr double kVotersMin = 0.3;
constexpr double kOneWayVotersMin = 0.8;
constexpr double kDissentMax = 0.1;

Way way_of(const View& view, std::span<const Observation> bad, const Explanation& explanation) {
  const Subject& subject = explanation.subject;
  std::uint32_t out = 0;
  std::uint32_t in = 0;
  std::uint32_t voters = 0;
  for (const std::uint32_t member : explanation.members) {
    const Observation& seen = bad[member];
    const bool node = subject.type == Type::kNode || subject.type == Type::kNodePair;
    const bool tail_first =
        node ? seen.tail == subject.first : view.nodes[seen.tail].zone == subject.first;
    out += (tail_first ? seen.ahead : seen.back) ? 1 : 0;
    in += (tail_first ? seen.back : seen.ahead) ? 1 : 0;
    voters += seen.ahead || seen.back ? 1 : 0;
  }
  if (subject.type == Type::kAll) return Way::kBoth;
  if (voters == 0 || voters < kVotersMin * static_cast<double>(explanation.members.size())) {
    return Way::kUnknown;
  }
  const bool only_out = in <= kDissentMax * (in + out);
  const bool only_in = out <= kDissentMax * (in + out);
  if (!only_out && !only_in) return Way::kBoth;
  // Those who know of the other way may only be later.
  if (voters < kOneWayVotersMin * static_cast<double>(explanation.members.size())) {
    return Way::kUnknown;
  }
  return only_out ? Way::kOut : Way::kIn;
}

}  // namespace

Explanation explain_by(const View& view, const Subject& subject, std::span<const Observation> bad,
                       std::vector<std::uint32_t> members) {
  assert(!members.empty());
  Explanation found{.subject = subject, .members = std::move(members)};
  std::array<bool, 2> layers{};
  std::array<bool, 2> families{};
  found.since = Clock::time_point::max();
  for (const std::uint32_t member : found.members) {
    const Observation& seen = bad[member];
    layers[seen.layer == Layer::kHost ? 1 : 0] = true;
    families[seen.ipv6 ? 1 : 0] = true;
    found.since = std::min(found.since, seen.since);
  }
  found.scope = layers[0] && layers[1] ? Scope::kBoth : layers[1] ? Scope::kHost : Scope::kPod;
  if (families[0] != families[1]) {
    found.family = families[1] ? PathFamily::kIpv6 : PathFamily::kIpv4;
  }
  found.failing = found.observed = static_cast<std::uint32_t>(found.members.size());
  found.way = way_of(view, bad, found);
  return found;
}

Pings pings_in(const View& view, const Explanation& found, std::span<const Observation> bad,
               Layer layer) {
  CrossChecks cross;
  std::uint32_t failing = 0;
  for (const std::uint32_t member : found.members) {
    const Observation& seen = bad[member];
    if (seen.layer != layer) continue;
    cross.add(view, seen.path);
    ++failing;
  }
  return pings_of(cross, failing);
}

}  // namespace meshcheck::verdict

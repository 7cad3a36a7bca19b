// How a finding about one subject bears on a finding about another.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/time.h"
#include "mesh/verdict/named_finding.h"

namespace meshcheck::verdict {

// Kinds that one fault may change between while more becomes known.
enum class Group : std::uint8_t {
  kReachability,
  kTwin,
  kGateway,
  kNames,
  kTarget,
  kFullPackets,
  kFragments,
  kLoss,
  kLatency,
  kServer,
  kStarved,
  kClock,
  kIdentity,  // Of names and addresses.
  kKubernetes,
};

Group group_of(const Finding& finding);

// Findings with equal keys are of one fault. The key has the group and the subject's names.
std::string key_of(const NamedFinding& named);

// Whether the wide fault, while it lasts, explains the narrow finding.
bool explains(const NamedFinding& wide, const NamedFinding& narrow);
// Whether the narrow one may be chance: a few packets in a row lost where packets get lost.
bool may_be_loss(const NamedFinding& wide, const NamedFinding& narrow, Clock::time_point now);
// Whether the narrow one, if the wide one explains it, is hidden though both are found.
bool always_hides(const NamedFinding& wide, const NamedFinding& narrow);

// Whether `named` is the fault `shown`, less precise or half recovered, which is no news.
// `observed_most`: the most paths that were observable.
bool is_vaguer(const NamedFinding& shown, std::uint32_t observed_most, const NamedFinding& named);
// Whether a reader would call both the same; numbers that change all the time do not count.
bool same_claim(const NamedFinding& a, const NamedFinding& b);
// Whether a node's fault became one of less of it.
bool narrows(const NamedFinding& shown, const NamedFinding& named);

// Whether the fault is so complete that another evaluation would find the same.
bool is_plain(const Finding& finding);
// How long a finding has to stand before a verdict opens: a narrow one is more likely chance or the
// beginning of a larger fault.
Clock::duration open_hold(const Finding& finding);

// Whether any path of the node works in the layers of the fault. True also if the node is gone, and
// for subjects other than nodes and agents.
bool is_seen(const View& view, const NamedFinding& named);

}  // namespace meshcheck::verdict

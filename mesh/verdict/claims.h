// How what is claimed of one subject bears on what is claimed of another.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/time.h"
#include "mesh/verdict/named_finding.h"

namespace meshcheck::verdict {

// Kinds between which a fault may change while more becomes known.
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

// Findings with equal keys are of one fault: the group and the names of what it is of.
std::string key_of(const NamedFinding& named);

// Whether the wide one, while it lasts, is why the narrow one is found.
bool explains(const NamedFinding& wide, const NamedFinding& narrow);
// Whether the narrow one may be chance: a few packets in a row lost where packets get lost.
bool may_be_loss(const NamedFinding& wide, const NamedFinding& narrow, Clock::time_point now);
// Whether the narrow one, if the wide one explains it, says nothing though both are found.
bool always_hides(const NamedFinding& wide, const NamedFinding& narrow);

// Whether `named` is what is `shown`, told less precisely or half recovered: that is no news.
// `observed_most`: paths that were observable at best.
bool is_vaguer(const NamedFinding& shown, std::uint32_t observed_most, const NamedFinding& named);
// What a reader would call the same; numbers change all the time.
bool same_claim(const NamedFinding& a, const NamedFinding& b);
// Whether a node's fault became one of less of it.
bool narrows(const NamedFinding& shown, const NamedFinding& named);

// Whether so much fails so completely that another look would say the same.
bool is_plain(const Finding& finding);
// How long a finding has to stand before it is told: the narrower, the more likely it is chance or
// the beginning of something larger.
Clock::duration open_hold(const Finding& finding);

// Whether anything of the node, in the layers of the fault, works; also if there is no such node
// any more. Of other subjects it is not asked.
bool is_seen(const View& view, const NamedFinding& named);

}  // namespace meshcheck::verdict

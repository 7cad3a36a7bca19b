// How complete and recent the server's knowledge of its cluster is: for readyz, /metrics, the check
// and the verdicts.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/time.h"
#include "mesh/verdict/named_finding.h"
#include "server/cluster/api_pulse.h"

namespace meshcheck::server {

// A kind of objects that is followed; all watches of pods are taken together.
struct FollowedObjects {
  std::string_view name;  // "pods", "nodes"
  bool synced = false;
  std::optional<Clock::time_point> cut_off_since;
  bool by_silence =
      false;        // `cut_off_since` is when it was last heard; it was cut off some time later.
  std::string why;  // One sentence, while cut off or objects are left out.
  std::size_t objects = 0;
  std::uint64_t objects_left_out = 0;
  std::uint64_t lists = 0;
  std::uint64_t watches = 0;
  std::uint64_t events = 0;
};

struct ClusterStatus {
  // How long the server waits for its first list before it takes reports without one.
  static constexpr std::chrono::seconds kReadyPatience{30};
  // Shorter gaps, as from a new watch or another API server, make no verdict.
  static constexpr std::chrono::seconds kCutOffMin{10};

  bool enabled = false;  // -kubeproxyinit
  Clock::time_point began;
  std::array<FollowedObjects, 2> followed{FollowedObjects{.name = "pods"},
                                          FollowedObjects{.name = "nodes"}};
  std::string where;  // "namespace netchecker"
  std::size_t name_conflicts = 0;
  verdict::NodeExcuses excuses;
  ApiPulse::Status pulse;

  bool synced() const;  // Whether all objects were seen once.
  // Since when any kind is cut off or not synced yet.
  std::optional<Clock::time_point> cut_off_since() const;
  // Why the knowledge is incomplete or may be old; empty if it is neither.
  std::string trouble() const;
  bool ready(Clock::time_point now) const;
  // The finding `kubernetes_api`, while it applies.
  std::optional<verdict::NamedFinding> finding(Clock::time_point now) const;
};

}  // namespace meshcheck::server

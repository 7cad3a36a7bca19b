// How well the server knows its cluster: for readyz, /metrics, the check and the verdicts.
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

// What is followed; of pods all watches are taken together.
struct FollowedObjects {
  std::string_view name;  // "pods", "nodes"
  bool synced = false;
  std::optional<Clock::time_point> cut_off_since;
  bool by_silence = false;  // It was heard last then, and cut off some time after.
  std::string why;          // One sentence, while cut off or objects are left out.
  std::size_t objects = 0;
  std::uint64_t objects_left_out = 0;
  std::uint64_t lists = 0;
  std::uint64_t watches = 0;
  std::uint64_t events = 0;
};

struct ClusterStatus {
  // The server waits so long for its first list before it takes reports without one.
  static constexpr std::chrono::seconds kReadyPatience{30};
  // A new watch, or another API server, is not told.
  static constexpr std::chrono::seconds kCutOffMin{10};

  bool enabled = false;  // -kubeproxyinit
  Clock::time_point began;
  std::array<FollowedObjects, 2> followed{FollowedObjects{.name = "pods"},
                                          FollowedObjects{.name = "nodes"}};
  std::string where;  // "namespace netchecker"
  std::size_t name_conflicts = 0;
  verdict::NodeExcuses excuses;
  ApiPulse::Status pulse;

  bool synced() const;  // All, once.
  // Since when anything is cut off, or was not told yet.
  std::optional<Clock::time_point> cut_off_since() const;
  // Why what is known is incomplete or may be old; empty if it is neither.
  std::string trouble() const;
  bool ready(Clock::time_point now) const;
  // The verdict `kubernetes_api`, while it is to be told.
  std::optional<verdict::NamedFinding> finding(Clock::time_point now) const;
};

}  // namespace meshcheck::server

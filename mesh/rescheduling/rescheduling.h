// Which instance of smoke-mini moves next, and where to: pods are made anew on other nodes all the
// time, since an application's pods must survive that.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace meshcheck::rescheduling {

// Whether pods may be put on a node, and if not, why.
enum class NodeState : std::uint8_t { kSchedulable, kTerminating, kCordoned, kNotReady };

struct Node {
  std::string name;
  std::string zone;
  NodeState state = NodeState::kSchedulable;

  bool schedulable() const { return state == NodeState::kSchedulable; }
};

struct Pod {
  WallTime created;
  bool ready = false;
  WallTime ready_changed;  // Since when it is as it is.
};

// A StatefulSet of one replica with its pod and volume.
struct Instance {
  std::string name;
  std::optional<std::string> node;   // That it is assigned to.
  std::optional<WallTime> assigned;  // When.
  std::string storage_class;         // Empty: none.
  bool volume_ends = false;          // Its claim is being deleted.
  std::optional<Pod> pod;
};

struct Cluster {
  std::vector<Instance> instances;
  std::vector<Node> nodes;
  std::string storage_class;               // That instances should have.
  std::optional<int> disruptions_allowed;  // By the PodDisruptionBudget; nothing: there is none.
};

struct Rules {
  std::chrono::seconds period = std::chrono::minutes(10);  // One healthy pod moves in each.
  // How long a pod may be absent or not ready before its instance moves.
  std::chrono::seconds patience = std::chrono::minutes(1);
};

enum class Why : std::uint8_t {
  kVolumeEnds,
  kUnassigned,
  kNodeGone,
  kNodeTerminating,
  kNodeCordoned,
  kNodeNotReady,
  kStorageClass,
  kPodAbsent,
  kPodNotReady,
  kOldest,
};
std::string_view text(Why why);  // "its node is cordoned"
// The objects to delete so that the instance comes up anew, each together with those before it.
enum class Deletion : std::uint8_t { kPod, kVolume, kStatefulSet };

struct Move {
  std::string instance;
  std::string node;  // It may be the one that it is on.
  Why why = Why::kOldest;
  Deletion deletion = Deletion::kPod;

  friend bool operator==(const Move&, const Move&) = default;
};

// At most one at once: while an instance is on its way, no other moves. A ready pod moves only if
// the budget allows it. A healthy pod moves when it is the oldest that can, at least (instances -
// 1) periods old, and no pod was made within the last period. Nothing: no instance moves. An error:
// one should, and no node is schedulable. Pure; `seed` chooses among equal nodes.
// doc/operate/smoke_mini.md has the rules.
Result<std::optional<Move>> next_move(const Cluster& cluster, const Rules& rules, WallTime now,
                                      std::uint64_t seed);

}  // namespace meshcheck::rescheduling

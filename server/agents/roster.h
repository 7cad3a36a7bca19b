// The agents that are expected to report: the inventory, the agents at its places, and newcomers.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lib/base/time.h"
#include "server/agents/held_agent.h"
#include "server/agents/inventory.h"
#include "server/agents/newcomers.h"

namespace meshcheck::server {

// Pure. Agents are the table's, which seats them here and takes them off. Without an inventory no
// agent is named, and every agent may report.
class Roster {
 public:
  enum class Refusal {
    kNotInInventory,
    kLeaving,    // Its pod is terminating.
    kNotListed,  // Kubernetes has had time to list the pod, and has not.
    kOtherPod,   // The pod of this name is another one.
    kOtherNode,  // The pod of this name is on another node.
  };

  // Takes the report of `name`, or refuses it. The time of a newcomer runs from its first report.
  // `node` is the report's. `pod_uid`: the pod that sent the report, if it has proved that.
  std::optional<Refusal> admit(std::string_view name, std::string_view node, Clock::time_point now,
                               std::optional<std::string_view> pod_uid);
  // All places are empty afterwards: the table seats the agents that the roster keeps. Nothing: no
  // inventory.
  void set_inventory(std::optional<Inventory> inventory);
  bool has_inventory() const { return inventory_.has_value(); }
  // Whether the inventory names the agent.
  bool names(std::string_view name) const { return place_of(name) != nullptr; }
  // The pod's addresses, if the inventory has the pod.
  std::vector<IpAddress> addresses_of(std::string_view name, std::string_view pod_uid) const;
  // Whether the agent's record stays under this inventory. It does not if the inventory names
  // another pod than the one before did.
  bool keeps(std::string_view name) const;
  // The agent has reported, and is at its place until it is taken off. One that the inventory does
  // not name has no place.
  void seat(std::string_view name, const HeldAgent& agent);
  void unseat(std::string_view name);

  // While new pods cannot be known, the time of newcomers does not run.
  void set_stale(bool stale) { newcomers_.set_open_ended(stale); }
  bool is_stale() const { return newcomers_.open_ended(); }
  // A newcomer that was refused and is silent since may try again.
  void forget_silent_newcomers(Clock::time_point now);

  // Visits each place in the inventory's order with its agent; null: it has not reported, and is
  // due. Places that are not due yet are left out.
  void visit(Clock::time_point now,
             const std::function<void(const Inventory::Entry&, const HeldAgent*)>& visitor) const;
  // How many have not reported and are not due yet.
  std::size_t awaited(Clock::time_point now) const;
  // How many agents are named, and how many of them have reported.
  std::size_t places() const { return places_.size(); }
  std::size_t seated() const;

 private:
  struct Place {
    const HeldAgent* agent = nullptr;
    bool other_pod = false;  // The inventory before named this agent with another uid.
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
  };
  using Indices = std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>>;

  const Place* place_of(std::string_view name) const;
  bool is_awaited(std::size_t index, Clock::time_point now) const;

  std::optional<Inventory> inventory_;
  std::vector<Place> places_;  // In the inventory's order.
  Indices indices_;            // By name.
  std::unordered_set<std::string, NameHash, std::equal_to<>> leaving_;
  Newcomers newcomers_;
};

}  // namespace meshcheck::server

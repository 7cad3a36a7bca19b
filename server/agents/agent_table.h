// The last report of every agent, and from it which agents are absent or outdated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/base/change_set.h"
#include "lib/base/time.h"
#include "mesh/report/probing_report.h"
#include "mesh/report/record.h"
#include "mesh/table/run_watch.h"
#include "server/agents/agent_changes.h"
#include "server/agents/agent_series.h"
#include "server/agents/held_agent.h"
#include "server/agents/inventory.h"
#include "server/agents/roster.h"

namespace meshcheck::server {

// The missing agents, and those from which only small packets arrive. Lists are in the inventory's
// order, or by name where there is none; `unpadded` is by name.
struct ConnectivityCheck {
  struct Unpadded {
    std::string name;
    mesh::LargeLoss loss;
  };

  // Absent, and Kubernetes says why: "Pending, not ready".
  struct NotRunning {
    std::string name;
    std::string why;
  };

  std::size_t expected = 0;
  std::size_t awaited = 0;  // Not in `expected`: too new to have reported.
  std::vector<std::string> absent;
  std::vector<std::string> outdated;
  std::vector<Unpadded> unpadded;
  std::vector<NotRunning> not_running;
  std::vector<std::string>
      excused;  // Would be absent or outdated, but their node is cordoned or going.
  bool all_report() const { return expected != 0 && absent.empty() && outdated.empty(); }
  bool ok() const { return all_report() && unpadded.empty(); }
};

// Reads no clock and has no lock: its owner guards it. Expected are the agents of the inventory;
// without one, those that have reported within `memory` and were not replaced by another on their
// node. Bounded by agents_max records of at most mesh::kRecordSizeMax bytes.
class AgentTable {
 public:
  struct Options {
    std::size_t agents_max = 20'000;
    // Outdated when silent for longer than this many report intervals: 2 as netchecker's last
    // release had it, 1 as its README says.
    double outdated_factor = 2;
    // Without an inventory: how long a silent agent is remembered and expected.
    std::chrono::seconds memory{3600};
    // Keep changes for take_changes(). Off where it is not called.
    bool track_changes = true;
  };
  enum class Outcome {
    kStored,
    kFull,
    kNotInInventory,
    kLeaving,    // Its pod is terminating: the report is not kept, and this is no error.
    kNotListed,  // Kubernetes has had time to list the pod, and has not.
    kOtherPod,   // The pod of this name is another one.
    kOtherNode,  // Its pod is on another node than the report's.
  };
  struct Counts {
    std::size_t agents = 0;
    std::size_t series = 0;
    std::uint64_t reports = 0;
    std::uint64_t refused_full = 0;
    std::uint64_t refused_not_in_inventory = 0;
    std::size_t unlisted = 0;  // Held, and not expected by the inventory.
  };
  // An expected agent. The texts are the table's.
  struct Expected {
    std::string_view name;
    std::string_view node;                         // Empty if unknown.
    std::optional<Clock::time_point> last_report;  // Nothing: absent.
    std::chrono::seconds report_interval{0};       // 0 if absent.
    bool outdated = false;
    mesh::LargeLoss loss;
    const Inventory::Entry* entry = nullptr;  // Nothing without an inventory.
    bool excused() const { return entry != nullptr && entry->excused; }
  };

  explicit AgentTable(Options options)
      : options_(options), series_(changes_max(options)), changed_(changes_max(options)) {}

  // See RunWatch::turned().
  std::optional<Clock::duration> turned(Clock::time_point now) { return run_watch_.turned(now); }
  // `pod_uid`: the pod that sent the report, if it has proved that.
  Outcome report(mesh::Record&& record, Now now, mesh::LargeLoss loss = {},
                 std::optional<std::string_view> pod_uid = std::nullopt);
  // The inventory's addresses of the pod that has proved to be the agent; none: it has none.
  std::vector<IpAddress> listed_addresses(std::string_view name, std::string_view pod_uid) const {
    return roster_.addresses_of(name, pod_uid);
  }
  // Loads an agent that was stored before a restart, without a change to write. The next report
  // brings its loss.
  void restore_agent(mesh::Record&& record, std::int64_t errors_since_report, WallTime updated,
                     Now now);
  void restore_series(std::string_view label, std::uint64_t reports, std::uint64_t errors) {
    series_.restore(label, reports, errors);
  }
  // Forgets the record; false if there is none.
  bool remove(std::string_view name);
  // Agents that the inventory does not name are forgotten, but for newcomers. Nothing: no
  // inventory.
  void set_inventory(std::optional<Inventory> inventory);
  // While the inventory is stale, new and gone pods are not known: newcomers have more time, and an
  // agent that is silent while another one of its node and network reports was replaced.
  void set_inventory_stale(bool stale) { roster_.set_stale(stale); }
  // The agents forgotten since the last call, for other parts that keep data of them. At most 2 *
  // agents_max, which is more than any call above makes: to be taken after each.
  std::vector<std::string> take_departures();
  // The same names again, for the events about them.
  std::vector<std::string> take_removed();
  // Returns those of `names` that are not held.
  std::vector<std::string> not_held(std::vector<std::string> names) const;
  // Counts missed reports as netchecker does, at most one a call. Without an inventory, forgets
  // agents that are silent for longer than `memory`.
  void count_missed_reports(Now now);

  // Visits the expected agents in the inventory's order, or in no order without one. Leaves out
  // awaited agents that are not due yet; includes excused ones.
  void visit_expected(Now now, const std::function<void(const Expected&)>& visitor) const;
  ConnectivityCheck check(Now now) const;
  std::optional<std::string> record_of(std::string_view name) const;
  // `{"name":record,...}` sorted by name.
  std::string all_records() const;
  Counts counts() const;
  // By label.
  void visit_series(const std::function<void(const AgentSeries::View&)>& visitor) const {
    series_.visit(visitor);
  }

  // Returns the changes since the last call, at most `rows_max` rows; call again until it is empty.
  // Then call written() or put_back() for all that was taken.
  Changes take_changes(std::size_t rows_max);
  // All that was taken up to `changes` is on disk.
  void written(const Changes& changes);
  // The taken changes could not be written: they count as new again.
  void put_back();

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
  };
  using Agents = std::unordered_map<std::string, HeldAgent, NameHash, std::equal_to<>>;

  // As many names as are held, and as many that are gone. The row of a change beyond that stays in
  // the database until a restart.
  static std::size_t changes_max(const Options& options) {
    return options.track_changes ? 2 * options.agents_max : 0;
  }
  bool has_room(std::string_view name) const;
  bool has_moved(const mesh::Record& record, std::string_view pod_uid) const;
  bool is_outdated(const HeldAgent& agent, Now now) const {
    return agent.is_outdated(now.steady, options_.outdated_factor) &&
           run_watch_.judges(now.steady, agent.report_interval);
  }
  bool is_replaced(const HeldAgent& agent, Now now) const {
    return agent.is_replaced(now.steady, options_.outdated_factor);
  }
  // Whether the agent is no longer expected: without an inventory it was silent for too long or was
  // replaced, with one it is a newcomer that went silent.
  bool is_forgotten(std::string_view name, const HeldAgent& agent, Now now) const;
  // Counts the refusal. An agent that was never listed is removed with it.
  Outcome refuse(std::string_view name, Roster::Refusal refusal);
  HeldAgent& place(mesh::Record&& record, WallTime updated, Clock::time_point last_report);
  Agents::iterator erase(Agents::iterator position);
  const HeldAgent* find(std::string_view name) const;
  std::vector<std::string_view> names() const;

  const Options options_;
  mesh::RunWatch run_watch_;
  Agents agents_;
  AgentSeries series_;
  Roster roster_;
  ChangeSet<std::string> changed_;  // Names of agents, of those that are gone too.
  std::vector<std::string> departures_;
  std::vector<std::string> removed_;
  Counts counts_;
};

}  // namespace meshcheck::server

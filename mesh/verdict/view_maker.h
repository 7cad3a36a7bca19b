// Makes the View of a diagnosis from the reports and the expected agents.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mesh/table/mesh.h"
#include "mesh/verdict/usual_times.h"
#include "mesh/verdict/view.h"

namespace meshcheck::verdict {

// Kept from one evaluation to the next, so that it allocates little. Holds copies of all names: the
// view is used without a lock. Costs about 48 bytes a path, 32 for each direction of which sizes
// are known, and 300 an agent.
class ViewMaker {
 public:
  struct Options {
    mesh::PathJudge::Rules rules;
    // When the server began: an agent that has not reported since is not yet silent.
    Clock::time_point began;
  };

  // An expected agent, without the mesh's data.
  struct Member {
    std::string_view name;
    std::string_view node;                         // Empty if unknown.
    std::optional<Clock::time_point> last_report;  // Nothing: absent.
    std::optional<Clock::time_point> due;          // When the first report is due, if known.
    Clock::duration report_interval{};             // 0 if absent.
    bool outdated = false;
  };

  explicit ViewMaker(Options options) : options_(options) {}

  // The expected agents: clear_members(), then add_member() for each. Texts are copied.
  void clear_members() { members_size_ = 0; }
  void add_member(const Member& member);
  // The orchestrator's states of nodes.
  void set_excuses(const NodeExcuses& excuses) { excuses_ = excuses; }
  // The members' view of the mesh; valid until the next call of any of these.
  const View& make(const mesh::Mesh& mesh, Now now);

 private:
  struct Known {
    std::string name;
    std::string node;
    std::optional<Clock::time_point> last_report;  // To this server process.
    std::optional<Clock::time_point> due;
    Clock::duration report_interval{};
    bool outdated = false;
    const mesh::MeshAgent* mesh = nullptr;  // Valid only inside make().
  };
  // Indices of the view's names, by their text; keys are views into the sources of the names.
  using Places = std::unordered_map<std::string_view, Index>;

  Clock::duration first_report_grace() const;
  void list_agents(const mesh::Mesh& mesh, Now now);
  Index node_of(const Known& member, const mesh::Mesh& mesh);
  Index zone_of(const std::string& agent, const mesh::Mesh& mesh);
  void list_zones();
  void find_same_addresses();
  Agent::Status status_of(const Known& member, Now now) const;
  Clock::duration trickle_of(const mesh::PathRow& row) const;
  void take_paths(const mesh::MeshTable& table, Index from, Now now);
  Index far_end(const mesh::MeshTable& table, Index from, const mesh::PathRow& row);
  void add_sizes(const mesh::PmtuWays& ways, const Path& path);
  // Appends a copy of the text to one of the lists of the view.
  Index place(std::string_view text, std::vector<std::string_view>& list);

  const Options options_;
  NodeExcuses excuses_;
  std::vector<Known> members_;  // The first members_size_ are in use; the rest keep their memory.
  std::size_t members_size_ = 0;
  Places agents_;
  Places nodes_;
  std::vector<Index> agent_of_name_;    // By NameTable::Id, as the next two.
  std::vector<Index> gateway_of_name_;  // Of hosts: each pod has a gateway of its own.
  std::vector<Index> target_of_name_;
  // Keep their places as long as there are not too many.
  std::map<std::string, Index, std::less<>> zones_;
  UsualTimes usual_times_;
  std::vector<std::pair<Endpoint, Index>> endpoints_;  // Of agents that report.
  std::deque<std::string> texts_;                      // Of gateways and targets...
  std::size_t texts_size_ = 0;                         // ... of which `texts_size_` are in use.
  View view_;
};

}  // namespace meshcheck::verdict

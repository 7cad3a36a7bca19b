// What a diagnosis looks at, made from what the server holds.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mesh/table/mesh.h"
#include "mesh/verdict/usual_times.h"
#include "mesh/verdict/view.h"
#include "server/agent_table.h"
#include "server/cluster_status.h"

namespace meshcheck::server {

// Kept from one evaluation to the next, so that it allocates little. Holds copies of all names: the
// view is used without a lock. Costs about 48 octets a path, 32 for each direction of which sizes
// are known, and 300 an agent.
class VerdictView {
 public:
  struct Options {
    PathJudge::Rules rules;
    // When the server began: who has not reported since is not yet silent.
    Clock::time_point began;
  };

  explicit VerdictView(Options options) : options_(options) {}

  // Who is expected. First.
  void take_agents(const AgentTable& table, Now now);
  // What is said of nodes by others. Before take_mesh().
  void take_excuses(const NodeExcuses& excuses) { excuses_ = excuses; }
  // What they said of the mesh. Second; the view is valid until the next take_agents().
  const verdict::View& take_mesh(const Mesh& mesh, Now now);

 private:
  using Index = verdict::Index;

  // What is known of an agent without the mesh.
  struct Member {
    std::string name;
    std::string node;
    std::optional<Clock::time_point> last_report;  // To this server process.
    std::optional<Clock::time_point> due;          // The first one, if anybody knows.
    Clock::duration report_interval{};
    bool outdated = false;
    const MeshAgent* mesh = nullptr;  // While the mesh is looked at.
  };
  // Names in the view, by their text; keys are views into what they are made of.
  using Places = std::unordered_map<std::string_view, Index>;

  Clock::duration first_report_grace() const;
  void list_agents(const Mesh& mesh, Now now);
  Index node_of(const Member& member, const Mesh& mesh);
  Index zone_of(const std::string& agent, const Mesh& mesh);
  void list_zones();
  verdict::Agent::Status status_of(const Member& member, Now now) const;
  void take_paths(const MeshTable& table, Index from, Now now);
  Index far_end(const MeshTable& table, Index from, const PathRow& row);
  void add_sizes(const MtuWays& ways, const verdict::Path& path);
  // Appends a copy of the text to one of the lists of the view.
  Index place(std::string_view text, std::vector<std::string_view>& list);

  const Options options_;
  NodeExcuses excuses_;
  std::vector<Member> members_;  // The first members_size_ are in use; the rest keep their memory.
  std::size_t members_size_ = 0;
  Places agents_;
  Places nodes_;
  std::vector<Index> agent_of_name_;    // By NameTable::Id, as the next two.
  std::vector<Index> gateway_of_name_;  // Of hosts: each pod's own is another one.
  std::vector<Index> target_of_name_;
  // Keep their places as long as there are not too many.
  std::map<std::string, Index, std::less<>> zones_;
  verdict::UsualTimes usual_times_;
  std::deque<std::string> texts_;  // Of gateways and targets...
  std::size_t texts_size_ = 0;     // ... of which so many are in use.
  verdict::View view_;
};

}  // namespace meshcheck::server

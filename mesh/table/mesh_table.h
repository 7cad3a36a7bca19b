// The mesh as its agents last reported it: every path, and the agents heard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mesh/table/mesh_agent.h"
#include "mesh/table/path_judge.h"
#include "mesh/table/pmtu_judge.h"

namespace meshcheck::mesh {

// One path as users see it. The views are into the table.
struct PathView {
  const MeshAgent& from;
  const PathRow& row;
  const MeshAgent* to = nullptr;  // Null if the other end is no known agent.
  std::string_view from_name;
  std::string_view from_node;
  std::string_view to_name;
  std::string_view to_node;
  std::string_view error;
  Judgement judgement;
  // The sizes that it carries; null if none were reported.
  const PmtuRow* mtu = nullptr;
  PmtuJudgement pmtu_judgement;
  std::string_view too_big_from;  // Empty for the own kernel.
};

// Reads no clock and has no lock, as AgentTable, which decides which agents are held: one that is
// forgotten there has to leave here. Bounded by names and paths; further ones are left out of a
// report and counted. An agent costs about 900 bytes, a path at most 64, its PathMemory 32 and its
// sizes 32, plus names.
class MeshTable {
 public:
  struct Options {
    std::size_t names_max = 200'000;    // Agents, nodes, targets, routers and errors.
    std::size_t paths_max = 2'000'000;  // And as many rows of sizes.
    PathJudge::Rules rules;
  };
  // The reporting agent, from the report's other keys.
  struct Sender {
    std::string_view name;
    std::string_view node;
    Clock::duration report_interval{};
    std::optional<WallTime> wall;  // Its own clock when it reported, if the report has it.
  };
  struct Counts {
    std::size_t agents = 0;
    std::size_t paths = 0;
    std::size_t mtus = 0;
    std::size_t names = 0;
    std::uint64_t paths_refused = 0;
    std::uint64_t mtus_refused = 0;
    std::uint64_t names_refused = 0;
  };
  using Visitor = std::function<void(const PathView&)>;
  using AgentVisitor = std::function<void(const MeshAgent&)>;
  // By node and layer; the node's name is a view into the table.
  using SeriesKey = std::pair<std::string_view, Layer>;
  using AllSeries = std::map<SeriesKey, MeshSeries>;

  explicit MeshTable(Options options) : options_(options), names_(options.names_max) {}

  // See RunWatch::turned().
  std::optional<Clock::duration> turned(Clock::time_point now) { return run_watch_.turned(now); }
  void report(const Sender& sender, const ProbingReport& report, Now now);
  // False if it is not there.
  bool leave(std::string_view name);

  // Visits the paths of agents whose names come after `after`, in their order, until about
  // `paths_about` paths. Returns the last agent's name; nothing when all agents were visited.
  std::optional<std::string> visit(std::string_view after, std::size_t paths_about, Now now,
                                   const Visitor& visitor) const;
  void visit_agent(const MeshAgent& agent, Now now, const Visitor& visitor) const;
  void visit_agents(const AgentVisitor& visitor) const;  // By name.
  bool is_outdated(const MeshAgent& agent, Now now) const;
  // The agents that have not reported for longer than `silence`.
  std::vector<std::string> silent(Clock::duration silence, Now now) const;

  const MeshAgent* find(std::string_view name) const;
  const MeshAgent* find(NameTable::Id name) const;
  const AllSeries& series() const { return series_; }
  std::string_view text(NameTable::Id name) const { return names_.text(name); }
  const NameTable& names() const { return names_; }
  const RunWatch& run_watch() const { return run_watch_; }
  Counts counts() const;

 private:
  using Agents = std::map<std::string_view, MeshAgent>;  // Keys are texts of names_.

  MeshAgent* place(const Sender& sender, Layer layer);
  bool join_series(MeshAgent& agent, std::string_view node, Layer layer);
  void leave_series(MeshAgent& agent);
  void rename(NameTable::Id& id, std::string_view text);
  static void note_session(MeshAgent& agent, const ProbingReport& report, Now now);
  static void note_clock(MeshAgent& agent, const Sender& sender, const ProbingReport& report,
                         Now now);
  static void count(MeshAgent& agent, const ProbingReport& report);
  void store_rows(MeshAgent& agent, const std::vector<ReportPath>& paths, Now now);
  void clear_rows(MeshAgent& agent);
  void store_pmtus(MeshAgent& agent, const std::vector<ReportPmtu>& mtus);
  void clear_mtus(MeshAgent& agent);

  const Options options_;
  RunWatch run_watch_;
  NameTable names_;
  Agents agents_;
  std::vector<MeshAgent*> agent_of_name_;
  AllSeries series_;
  std::size_t paths_ = 0;
  std::size_t mtus_ = 0;
  std::uint64_t paths_refused_ = 0;
  std::uint64_t mtus_refused_ = 0;
};

}  // namespace meshcheck::mesh

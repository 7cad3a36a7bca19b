// For the simulator: a server made of the real server's parts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mesh/report/probing_report.h"
#include "mesh/simulation/cheap_path.h"
#include "mesh/simulation/simulated_fault.h"
#include "mesh/table/mesh.h"
#include "mesh/verdict/view_maker.h"

namespace meshcheck::verdict::simulation {

// A real mesh::MeshTable takes the reports, and a real ViewMaker makes the view of it, as in
// server/verdict_evaluator.cc. Instead of the server's AgentTable the simulation decides which
// agents are expected: it reports which were started and removed, as an orchestrator does. The
// Assigner, which would write a JSON text for each agent, is not used: the simulation has its own
// mesh::Neighbours.
class SimulatedServer {
 public:
  struct Options {
    Tick report_interval = 5 * kSecond;
    double outdated_factor = 2;
  };

  SimulatedServer(Options options, const Cluster& cluster);

  void expect(Index agent, Tick now);  // It was started.
  void forget(Index agent);
  // While the orchestrator's API is away nobody tells the server of these two, and it cannot review
  // the token of an agent that began anew, whose reports it refuses. All follows when it is back.
  void set_api_away(bool away, Tick now);
  // False: it is refused.
  bool receive(Index agent, const mesh::ProbingReport& report, Tick now);
  // Valid until the next call of any of these.
  const View& view(Tick now);

 private:
  struct Member {
    std::string name;
    std::string node;
    bool expected = false;
    bool left = false;   // Since the API is away...
    bool began = false;  // ... and as another one, whose token nobody reviewed.
    Tick due = 0;        // Its first report.
    std::optional<Tick> last_report;
  };

  Clock::duration report_interval() const { return options_.report_interval * kTick; }

  const Options options_;
  const mesh::PathJudge::Rules rules_;
  mesh::Mesh mesh_;
  ViewMaker view_maker_;
  std::vector<Member> members_;
  bool api_away_ = false;
};

}  // namespace meshcheck::verdict::simulation

// For tests and bench/diagnosis: one run of a simulated mesh, and how right its verdicts were.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mesh/simulation/simulated_mesh.h"
#include "mesh/verdict/verdict_tracker.h"

namespace meshcheck::verdict::simulation {

struct FaultOutcome {
  Fault fault;
  std::optional<double> detected_s;  // After it began.
  std::optional<double> cleared_s;   // After it was healed.
  bool located_at_first = false;     // Scope and way were right when the verdict was opened...
  bool located = false;              // ... and when the fault ended.
  bool flapping = false;
};

struct RunOutcome {
  std::vector<FaultOutcome> faults;
  // Claims above info: each kind and subject that a verdict ever had counts once.
  std::size_t claims = 0;
  std::size_t right_claims = 0;
  std::vector<std::string> wrong;  // Wrong claims.
  std::vector<std::string> missed;
  std::vector<std::string> events;  // Of verdicts, in words, where the script wants them.
  std::size_t evaluations = 0;
  double evaluation_s = 0;  // Of the machine's time, all of them.
};

// One fault of several that come one after the other.
struct Episode {
  Fault::Type type = Fault::Type::kNodeDown;
  bool same = false;  // Repeats the fault before, of the same subject.
  Tick pause = 0;     // Since the end of the fault before.
  Tick flap = 0;      // Present and absent for this time in turn; 0: present all the time.
};

struct Script {
  SimulatedMesh::Options mesh;
  bool events = false;                   // RunOutcome has them.
  std::vector<Fault::Type> faults;       // All begin at once; none: it stays healthy.
  std::vector<Episode> episodes;         // Behind those.
  std::optional<Fault::Type> meanwhile;  // Present all the time, and not judged itself.
  // During the episodes the orchestrator's API is away, and in each pause a node is replaced.
  bool api_away = false;
  Tick calm = 6 * kSecond;       // Before.
  Tick duration = 40 * kSecond;  // Of the faults; longer for those that are found later.
  Tick after = 90 * kSecond;     // Or until all is closed.
  // Agents that are restarted and nodes that are replaced meanwhile, for each of them an hour.
  double restarts_per_hour = 0;
  double churn_per_hour = 0;
};
RunOutcome run(const Script& script);

}  // namespace meshcheck::verdict::simulation

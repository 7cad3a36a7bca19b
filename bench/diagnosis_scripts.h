// For diagnosis_bench: a plan of runs, and the script of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mesh/simulation/simulated_run.h"

namespace meshcheck::verdict::simulation {

struct Plan {
  std::size_t nodes = 20;
  std::size_t runs = 100;
  std::size_t at_once = 1;  // 0: a sequence.
  std::uint64_t first_seed = 1;
  Tick report_interval = 5 * kSecond;
  std::size_t jobs = 1;
  std::size_t type = 0;
};

// A cluster of so many nodes, with the zones that such a one has.
SimulatedMesh::Options options_for(std::size_t nodes, std::uint64_t seed);
// All of these faults at once, in a cluster that has what they need.
Script script_for(std::size_t nodes, std::uint64_t seed, std::vector<Fault::Type> types);
// Faults chosen by the seed.
Script script_for(const Plan& plan, std::uint64_t seed);

}  // namespace meshcheck::verdict::simulation

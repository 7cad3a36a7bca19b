// How good verdicts are, on the simulated mesh: precision, recall, localisation, times.
//   diagnosis_bench single NODES RUNS [REPORT_INTERVAL_S]   one fault at a time, all kinds in turn
//   diagnosis_bench double NODES RUNS [REPORT_INTERVAL_S]   two at once
//   diagnosis_bench triple NODES RUNS [REPORT_INTERVAL_S]
//   diagnosis_bench healthy NODES HOURS                     nothing but 0.1 % loss, restarts, churn
//   diagnosis_bench cost NODES                              time of one evaluation
//   diagnosis_bench one NODES SEED TYPE [TYPE...]           one run, in words
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/verdict/diagnosis.h"
#include "mesh/verdict/simulated_run.h"

namespace meshcheck::verdict::simulation {
namespace {

struct Tally {
  std::size_t faults = 0;
  std::size_t detected = 0;
  std::size_t located = 0;
  std::size_t located_at_first = 0;
  std::vector<double> detect_s;
  std::vector<double> clear_s;

  void add(const FaultOutcome& of) {
    ++faults;
    if (!of.detected_s) return;
    ++detected;
    located += of.located ? 1 : 0;
    located_at_first += of.located_at_first ? 1 : 0;
    detect_s.push_back(*of.detected_s);
    if (of.cleared_s) clear_s.push_back(*of.cleared_s);
  }
};

double percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? 100 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = std::lround(share * static_cast<double>(values.size() - 1));
  return values[static_cast<std::size_t>(rank)];
}

void print(const std::string& name, Tally& tally) {
  std::printf(
      "%-19s %6zu %7.2f %7.2f %7.2f  %6.1f %6.1f  %6.1f %6.1f\n", name.c_str(), tally.faults,
      percent(tally.detected, tally.faults), percent(tally.located, tally.detected),
      percent(tally.located_at_first, tally.detected), quantile(tally.detect_s, 0.5),
      quantile(tally.detect_s, 0.99), quantile(tally.clear_s, 0.5), quantile(tally.clear_s, 0.99));
}

// What is lost altogether on paths that are probed each second. The others take as long as a
// minute's counts, probes each 5 s, a search for sizes, or two report intervals.
bool is_cut(Fault::Type type) {
  return type <= Fault::Type::kIpv6OfNode || type == Fault::Type::kZonesParted ||
         type == Fault::Type::kZoneCutOff;
}

SimulatedMesh::Options options_for(std::size_t nodes, std::uint64_t seed) {
  SimulatedMesh::Options options;
  options.seed = seed;
  options.nodes = nodes;
  options.zones = nodes < 100 ? 3 : nodes < 500 ? 4 : 5;
  return options;
}

Script script_for(std::size_t nodes, std::uint64_t seed, std::vector<Fault::Type> types) {
  Script script{.mesh = options_for(nodes, seed), .faults = std::move(types)};
  for (const Fault::Type type : script.faults) {
    script.mesh.ipv6 = script.mesh.ipv6 || type == Fault::Type::kIpv6OfNode;
    // A pair is probed in one epoch of many: longer ones, so that it is not over before it began.
    if (type == Fault::Type::kPairCut || type == Fault::Type::kPairOneWay) {
      script.mesh.epoch = 24 * 3600 * kSecond;
    }
    script.mesh.server.with_sizes = script.mesh.server.with_sizes || Fault{.type = type}.of_sizes();
  }
  return script;
}

int measure(std::size_t nodes, std::size_t runs, std::size_t at_once, Tick report_interval) {
  Tally total;
  Tally cuts;
  std::map<Fault::Type, Tally> by_type;
  std::size_t claims = 0;
  std::size_t right = 0;
  std::size_t evaluations = 0;
  double evaluation_s = 0;
  std::vector<std::string> remarks;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    std::vector<Fault::Type> types;
    mesh::Random random(seed);
    types.push_back(static_cast<Fault::Type>(seed % Fault::kTypes));
    while (types.size() < at_once) {
      types.push_back(static_cast<Fault::Type>(random.below(Fault::kTypes)));
    }
    Script script = script_for(nodes, seed, types);
    script.mesh.server.report_interval = report_interval;
    const RunOutcome outcome = run(script);
    for (const FaultOutcome& of : outcome.faults) {
      total.add(of);
      if (is_cut(of.fault.type)) cuts.add(of);
      by_type[of.fault.type].add(of);
    }
    claims += outcome.claims;
    right += outcome.right_claims;
    evaluations += outcome.evaluations;
    evaluation_s += outcome.evaluation_s;
    std::string names;
    for (const FaultOutcome& of : outcome.faults) names += std::string(text(of.fault.type)) + ", ";
    for (const auto& list : {outcome.wrong, outcome.missed}) {
      for (const std::string& what : list) {
        remarks.emplace_back("seed ");
        remarks.back().append(std::to_string(seed)).append(" ").append(names).append(what);
      }
    }
  }
  std::printf("%zu nodes, %zu runs, %zu at once, a report each %lld s\n", nodes, runs, at_once,
              static_cast<long long>(report_interval / kSecond));
  std::printf("%-19s %6s %7s %7s %7s  %6s %6s  %6s %6s\n", "", "faults", "recall", "located",
              "at once", "detect", "p99", "clear", "p99");
  for (auto& [type, tally] : by_type) print(std::string(text(type)), tally);
  print("total", total);
  print("cut, probed at 1/s", cuts);
  std::printf("precision %.2f %% (%zu of %zu claims); an evaluation %.2f ms\n",
              percent(right, claims), right, claims,
              1000 * evaluation_s / static_cast<double>(evaluations));
  for (const std::string& remark : remarks) std::printf("  %s\n", remark.c_str());
  std::printf("\n");
  return 0;
}

int stay_healthy(std::size_t nodes, std::size_t hours) {
  Script script{.mesh = options_for(nodes, 1)};
  script.calm = static_cast<Tick>(hours) * 3600 * kSecond;
  script.duration = 0;
  script.restarts_per_hour = 1;
  script.churn_per_hour = 0.3;
  const RunOutcome outcome = run(script);
  std::printf(
      "%zu nodes healthy for %zu h, 0.1 %% loss, each agent restarted and 30 %% of the nodes "
      "replaced an hour: %zu verdicts above info, %zu evaluations\n",
      nodes, hours, outcome.claims, outcome.evaluations);
  for (const std::string& what : outcome.wrong) std::printf("  %s\n", what.c_str());
  return outcome.claims == 0 ? 0 : 1;
}

double milliseconds_of(const View& view) {
  std::vector<double> times;
  for (int round = 0; round < 21; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const std::size_t found = diagnose(view).size();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (found <= kFindingsMax) times.push_back(took.count());
  }
  return quantile(times, 0.5);
}

int cost(std::size_t nodes) {
  struct Case {
    const char* name;
    std::vector<Fault::Type> types;
    bool sizes;
  };
  using Type = Fault::Type;
  for (const Case& one :
       {Case{"healthy", {}, false}, Case{"healthy, with sizes", {}, true},
        Case{"three faults", {Type::kNodeDown, Type::kPodNetwork, Type::kPairCut}, false},
        Case{"a zone cut off", {Type::kZoneCutOff}, false},
        Case{"overlay MTU of all", {Type::kOverlayMtuOfAll}, true}}) {
    SimulatedMesh::Options options = options_for(nodes, 1);
    options.server.with_sizes = one.sizes;
    SimulatedMesh mesh(options);
    for (const Type type : one.types) {
      mesh.inject(random_fault(type, mesh.cluster(), mesh.random()));
    }
    for (Tick tick = 0; tick < 30 * kSecond; ++tick) mesh.step();
    const View& view = mesh.view();
    std::printf("%5zu nodes, %7zu paths, %7zu sizes, %-19s %7.2f ms\n", nodes, view.paths.size(),
                view.sizes.size(), one.name, milliseconds_of(view));
  }
  return 0;
}

int tell(std::size_t nodes, std::uint64_t seed, const std::vector<Fault::Type>& types) {
  const RunOutcome outcome = run(script_for(nodes, seed, types));
  for (const FaultOutcome& of : outcome.faults) {
    std::printf("%s node %d other %d zone %d %d: detected %.1f cleared %.1f located %d\n",
                std::string(text(of.fault.type)).c_str(), static_cast<int>(of.fault.node),
                static_cast<int>(of.fault.other), static_cast<int>(of.fault.zone),
                static_cast<int>(of.fault.other_zone), of.detected_s.value_or(-1),
                of.cleared_s.value_or(-1), of.located ? 1 : 0);
  }
  for (const std::string& what : outcome.wrong) std::printf("wrong: %s\n", what.c_str());
  for (const std::string& what : outcome.missed) std::printf("missed: %s\n", what.c_str());
  return 0;
}

int main_of(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return 2;
  const std::string& what = arguments[0];
  const auto number = [&](std::size_t at, unsigned long fallback) {
    return at < arguments.size() ? std::strtoul(arguments[at].c_str(), nullptr, 10) : fallback;
  };
  const std::size_t nodes = number(1, 20);
  const auto interval = static_cast<Tick>(number(3, 5)) * kSecond;
  if (what == "single") return measure(nodes, number(2, 100), 1, interval);
  if (what == "double") return measure(nodes, number(2, 100), 2, interval);
  if (what == "triple") return measure(nodes, number(2, 100), 3, interval);
  if (what == "healthy") return stay_healthy(nodes, number(2, 1));
  if (what == "cost") return cost(nodes);
  if (what != "one") return 2;
  std::vector<Fault::Type> types;
  for (std::size_t at = 3; at < arguments.size(); ++at) {
    types.push_back(static_cast<Fault::Type>(number(at, 0)));
  }
  return tell(nodes, number(2, 1), types);
}

}  // namespace
}  // namespace meshcheck::verdict::simulation

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const int result = meshcheck::verdict::simulation::main_of(arguments);
  if (result == 2) std::fprintf(stderr, "usage: see the head of bench/diagnosis_bench.cc\n");
  return result;
}

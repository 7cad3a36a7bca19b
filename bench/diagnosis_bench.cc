// How good verdicts are, on the simulated mesh: precision, recall, localisation, times.
//   diagnosis_bench single NODES RUNS [OPTION...]   one fault at a time, all kinds in turn
//   diagnosis_bench double NODES RUNS [OPTION...]   two at once
//   diagnosis_bench triple NODES RUNS [OPTION...]
//   diagnosis_bench sequence NODES RUNS [OPTION...] a fault, 1 to 120 s later the same or another,
//                                                   then that one again, flapping; beside a quarter
//                                                   of them the names of all are not looked up, and
//                                                   beside another the Kubernetes API is away
//   diagnosis_bench healthy NODES HOURS [seed=N]    nothing but 0.1 % loss, restarts, churn
//   diagnosis_bench cost NODES                      time of one evaluation
//   diagnosis_bench one NODES SEED [TYPE...]        one run, in words; without types a sequence
// Options: seed=FIRST (1), report=SECONDS (5), jobs=THREADS (1), type=NUMBER (the first fault of
// each run is of this sort; 0: of all in turn). Results do not depend on jobs.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/diagnosis_scripts.h"
#include "mesh/simulation/simulated_run.h"
#include "mesh/verdict/diagnosis.h"

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
  std::printf("%-19s %6zu %7.2f %7.2f %7.2f  %6.1f %6.1f %6.1f  %6.1f %6.1f\n", name.c_str(),
              tally.faults, percent(tally.detected, tally.faults),
              percent(tally.located, tally.detected),
              percent(tally.located_at_first, tally.detected), quantile(tally.detect_s, 0.5),
              quantile(tally.detect_s, 0.95), quantile(tally.detect_s, 0.99),
              quantile(tally.clear_s, 0.5), quantile(tally.clear_s, 0.99));
}

// Names are looked up each 5 s, a search for sizes takes 11 to 19 s, and whether the server is
// reached is only known from reports.
bool is_probed_each_second(Fault::Type type) {
  using Type = Fault::Type;
  return type < Type::kPortMtu && type != Type::kDnsOfAll && type != Type::kDnsOfNode &&
         type != Type::kServerFromNode && type != Type::kServerFromZone;
}

// What is lost altogether on such paths.
bool is_cut(Fault::Type type) {
  return type <= Fault::Type::kIpv6OfNode || type == Fault::Type::kZonesParted ||
         type == Fault::Type::kZoneCutOff;
}

// Each run has its own mesh and its own place in the list, so threads share nothing but a count.
std::vector<RunOutcome> run_all(const Plan& plan) {
  std::vector<RunOutcome> outcomes(plan.runs);
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (std::size_t job = 0; job < plan.jobs; ++job) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < plan.runs; at = next++) {
        outcomes[at] = run(script_for(plan, plan.first_seed + at));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return outcomes;
}

// Of runs beside which something is away.
struct Away {
  Tally faults;  // That do not flap.
  std::size_t claims = 0;
  std::size_t right = 0;

  void add(const RunOutcome& outcome) {
    for (const FaultOutcome& of : outcome.faults) {
      if (!of.flapping) faults.add(of);
    }
    claims += outcome.claims;
    right += outcome.right_claims;
  }
};

struct Sums {
  Tally total;
  Tally each_second;
  Tally cuts;
  Tally sizes;
  Tally others;
  Tally flapping;
  Away names_away;
  Away api_away;
  std::map<Fault::Type, Tally> by_type;
  std::size_t claims = 0;
  std::size_t right = 0;
  std::size_t evaluations = 0;
  double evaluation_s = 0;
  std::vector<std::string> remarks;

  void add(const RunOutcome& outcome, const Script& script) {
    std::string names = script.meanwhile ? "names away, " : script.api_away ? "API away, " : "";
    if (script.meanwhile) names_away.add(outcome);
    if (script.api_away) api_away.add(outcome);
    for (const FaultOutcome& of : outcome.faults) {
      names += std::string(text(of.fault.type)) + ", ";
      if (of.flapping) {
        flapping.add(of);
        continue;
      }
      total.add(of);
      if (is_probed_each_second(of.fault.type)) each_second.add(of);
      if (is_cut(of.fault.type)) cuts.add(of);
      (of.fault.of_sizes() ? sizes : others).add(of);
      by_type[of.fault.type].add(of);
    }
    claims += outcome.claims;
    right += outcome.right_claims;
    evaluations += outcome.evaluations;
    evaluation_s += outcome.evaluation_s;
    for (const auto& list : {outcome.wrong, outcome.missed}) {
      for (const std::string& what : list) {
        remarks.emplace_back("seed ");
        remarks.back()
            .append(std::to_string(script.mesh.seed))
            .append(" ")
            .append(names)
            .append(what);
      }
    }
  }
};

void print_claims(const char* what, std::size_t right, std::size_t claims) {
  std::printf("%s: precision %.2f %% (%zu of %zu claims)\n", what, percent(right, claims), right,
              claims);
}

int measure(const Plan& plan) {
  Sums sums;
  const std::vector<RunOutcome> outcomes = run_all(plan);
  for (std::size_t at = 0; at < outcomes.size(); ++at) {
    sums.add(outcomes[at], script_for(plan, plan.first_seed + at));
  }
  std::printf(
      "%zu nodes, %zu runs from seed %llu, %zu at once (0: sequences), a report each %lld s\n",
      plan.nodes, plan.runs, static_cast<unsigned long long>(plan.first_seed), plan.at_once,
      static_cast<long long>(plan.report_interval / kSecond));
  std::printf("%-19s %6s %7s %7s %7s  %6s %6s %6s  %6s %6s\n", "", "faults", "recall", "located",
              "at once", "detect", "p95", "p99", "clear", "p99");
  for (auto& [type, tally] : sums.by_type) print(std::string(text(type)), tally);
  print("total", sums.total);
  print("probed each second", sums.each_second);
  print("of those, cut", sums.cuts);
  print("of sizes", sums.sizes);
  print("all but sizes", sums.others);
  if (plan.at_once == 0) {
    print("flapping", sums.flapping);
    print("names away", sums.names_away.faults);
    print("API away", sums.api_away.faults);
    print_claims("names away", sums.names_away.right, sums.names_away.claims);
    print_claims("API away", sums.api_away.right, sums.api_away.claims);
  }
  std::printf("precision %.2f %% (%zu of %zu claims); an evaluation %.2f ms\n",
              percent(sums.right, sums.claims), sums.right, sums.claims,
              1000 * sums.evaluation_s / static_cast<double>(sums.evaluations));
  for (const std::string& remark : sums.remarks) std::printf("  %s\n", remark.c_str());
  std::printf("\n");
  return 0;
}

int stay_healthy(std::size_t nodes, std::size_t hours, std::uint64_t seed) {
  Script script{.mesh = options_for(nodes, seed)};
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
    options.sizes = one.sizes;
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

int tell(Script script) {
  script.events = true;
  const RunOutcome outcome = run(script);
  for (const std::string& what : outcome.events) std::printf("%s\n", what.c_str());
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

// "key=NUMBER"; nothing else is known.
bool set_option(Plan& plan, const std::string& text) {
  const std::size_t mark = text.find('=');
  if (mark == std::string::npos) return false;
  const std::string_view key = std::string_view(text).substr(0, mark);
  const unsigned long value = std::strtoul(text.c_str() + mark + 1, nullptr, 10);
  if (value == 0) return false;
  if (key == "seed") plan.first_seed = value;
  if (key == "report") plan.report_interval = static_cast<Tick>(value) * kSecond;
  if (key == "jobs") plan.jobs = value;
  if (key == "type") plan.type = value;
  return key == "seed" || key == "report" || key == "jobs" || key == "type";
}

int main_of(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return 2;
  const std::string& what = arguments[0];
  const auto number = [&](std::size_t at, unsigned long fallback) {
    return at < arguments.size() ? std::strtoul(arguments[at].c_str(), nullptr, 10) : fallback;
  };
  const std::size_t nodes = number(1, 20);
  if (what == "cost") return cost(nodes);
  if (what == "one") {
    std::vector<Fault::Type> types;
    for (std::size_t at = 3; at < arguments.size(); ++at) {
      types.push_back(static_cast<Fault::Type>(number(at, 0)));
    }
    const std::uint64_t seed = number(2, 1);
    if (types.empty()) return tell(script_for({.nodes = nodes, .at_once = 0}, seed));
    return tell(script_for(nodes, seed, types));
  }
  Plan plan{.nodes = nodes, .runs = number(2, 100)};
  const bool healthy = what == "healthy";
  plan.at_once = what == "single" ? 1 : what == "double" ? 2 : what == "triple" ? 3 : 0;
  if (plan.at_once == 0 && what != "sequence" && !healthy) return 2;
  for (std::size_t at = 3; at < arguments.size(); ++at) {
    if (!set_option(plan, arguments[at])) return 2;
  }
  return healthy ? stay_healthy(nodes, number(2, 1), plan.first_seed) : measure(plan);
}

}  // namespace
}  // namespace meshcheck::verdict::simulation

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const int result = meshcheck::verdict::simulation::main_of(arguments);
  if (result == 2) std::fprintf(stderr, "usage: see the head of bench/diagnosis_bench.cc\n");
  return result;
}

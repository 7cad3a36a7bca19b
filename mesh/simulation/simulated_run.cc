#include "mesh/simulation/simulated_run.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>

#include "mesh/verdict/diagnosis.h"

namespace meshcheck::verdict::simulation {
namespace {

// The server evaluates at most twice a second: at the third and the fifth step of each.
constexpr Tick kFirstEvaluation = 2;
// Loss, latency and sizes take their time to show, and so does silence.
constexpr Tick kLongDuration = 80 * kSecond;
constexpr Tick kAfterMin = 8 * kSecond;

double seconds(Tick ticks) {
  return static_cast<double>(ticks) / kSecond;
}

bool is_slow(Fault::Type type) {
  using Type = Fault::Type;
  return type >= Type::kPortMtu || type == Type::kLossOfNode || type == Type::kLossOfZones ||
         type == Type::kLatencyOfNode || type == Type::kLatencyOfZones;
}

Way turned(Way way) {
  if (way == Way::kOut) return Way::kIn;
  return way == Way::kIn ? Way::kOut : way;
}

struct Match {
  bool found = false;
  bool located = false;
};

Match match(const Truth& truth, const NamedFinding& named) {
  const Finding& finding = named.finding;
  const bool straight = truth.first == named.ends[0].name && truth.second == named.ends[1].name;
  const bool crossed = truth.first == named.ends[1].name && truth.second == named.ends[0].name;
  Match match;
  match.found =
      truth.kind == finding.kind && truth.type == finding.subject.type && (straight || crossed);
  const Way way = straight ? finding.way : turned(finding.way);
  match.located = match.found && (!truth.scope || *truth.scope == finding.scope) &&
                  (truth.ways.empty() ||
                   std::find(truth.ways.begin(), truth.ways.end(), way) != truth.ways.end());
  return match;
}

Match match(const Fault& fault, const NamedFinding& named) {
  Match best;
  for (const Truth& truth : truths_of(fault)) {
    const Match one = match(truth, named);
    best.found = best.found || one.found;
    best.located = best.located || one.located;
  }
  return best;
}

std::string line(const NamedFinding& named) {
  const Finding& finding = named.finding;
  return std::string(text(finding.kind)) + " " + named.ends[0].name + " " + named.ends[1].name +
         " " + std::string(text(finding.scope)) + " " + std::string(text(finding.way)) + " " +
         std::to_string(finding.failing) + "/" + std::to_string(finding.observed);
}

class Run {
 public:
  explicit Run(const Script& script) : script_(script), mesh_(script.mesh), tracker_({}) {}

  RunOutcome run() {
    advance(script_.calm, false);
    inject();
    advance(duration(), false);
    healed_ = mesh_.now();
    mesh_.heal();
    if (!outcome_.faults.empty()) advance(script_.after, true);
    finish();
    return std::move(outcome_);
  }

 private:
  Tick duration() const {
    const bool slow = std::any_of(script_.faults.begin(), script_.faults.end(), is_slow);
    return slow ? std::max(script_.duration, kLongDuration) : script_.duration;
  }

  void inject() {
    // Not always at the same step of a second.
    for (std::size_t left = mesh_.random().below(2 * kSecond); left > 0; --left) step();
    began_ = mesh_.now();
    for (const Fault::Type type : script_.faults) {
      Fault fault;
      for (int attempt = 0; attempt < 100; ++attempt) {
        fault = random_fault(type, mesh_.cluster(), mesh_.random());
        // Of the other pairs nobody can know before their epoch comes.
        if (fault.other != kNoIndex) {
          fault.other = mesh_.peer_of(fault.node);
          if (fault.other == kNoIndex) continue;
        }
        const bool clear = std::none_of(outcome_.faults.begin(), outcome_.faults.end(),
                                        [&](const FaultOutcome& other) {
                                          return hides(fault, other.fault, mesh_.cluster()) ||
                                                 hides(other.fault, fault, mesh_.cluster());
                                        });
        if (clear) {
          mesh_.inject(fault);
          outcome_.faults.push_back({.fault = fault});
          break;
        }
      }
    }
  }

  void advance(Tick ticks, bool until_closed) {
    const Tick begin = mesh_.now();
    while (mesh_.now() - begin < ticks) {
      step();
      if (until_closed && tracker_.open().empty() && mesh_.now() - begin > kAfterMin) break;
    }
  }

  void step() {
    disturb();
    mesh_.step();
    const Tick phase = mesh_.now() % kSecond;
    if (phase == 0 || phase == kFirstEvaluation) evaluate();
  }

  void disturb() {
    const auto agents = 2 * mesh_.cluster().nodes;
    const double steps = 3600.0 * kSecond;
    if (happens(script_.restarts_per_hour * static_cast<double>(agents) / steps)) {
      mesh_.restart(static_cast<Index>(mesh_.random().below(agents)),
                    2 * kSecond + static_cast<Tick>(mesh_.random().below(20 * kSecond)));
    }
    if (happens(script_.churn_per_hour * static_cast<double>(agents) / 2 / steps)) {
      mesh_.remove_node(static_cast<Index>(mesh_.random().below(agents / 2)),
                        30 * kSecond + static_cast<Tick>(mesh_.random().below(120 * kSecond)));
    }
  }
  bool happens(double probability) {
    constexpr std::size_t kOutOf = 1'000'000'000;
    return probability > 0 && static_cast<double>(mesh_.random().below(kOutOf)) <
                                  probability * static_cast<double>(kOutOf);
  }

  void evaluate() {
    const View& view = mesh_.view();
    const auto begin = std::chrono::steady_clock::now();
    const std::vector<Finding> findings = diagnose(view);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    outcome_.evaluation_s += took.count();
    ++outcome_.evaluations;
    std::vector<NamedFinding> named;
    named.reserve(findings.size());
    for (const Finding& finding : findings) named.push_back(name(view, finding));
    for (const VerdictEvent& event : tracker_.update(std::move(named), view)) note(event);
  }

  void note(const VerdictEvent& event) {
    const NamedFinding& named = event.verdict.named;
    if (event.type == VerdictEvent::Type::kClosed) {
      for (FaultOutcome& of : outcome_.faults) {
        if (healed_ && match(of.fault, named).found) {
          of.cleared_s = seconds(mesh_.now() - *healed_);
        }
      }
      return;
    }
    bool right = false;
    for (FaultOutcome& of : outcome_.faults) {
      const Match how = match(of.fault, named);
      right = right || how.found;
      if (how.found && !healed_) of.located = how.located;
      if (!how.found || of.detected_s || healed_) continue;
      of.detected_s = seconds(mesh_.now() - *began_);
      of.located_at_first = how.located;
    }
    if (named.finding.severity == Severity::kInfo) return;
    const auto claim = std::tuple(event.verdict.id, named.finding.kind, named.ends[0].name);
    if (!claimed_.insert(claim).second) return;
    ++outcome_.claims;
    outcome_.right_claims += right ? 1 : 0;
    if (!right) {
      outcome_.wrong.push_back("at " + std::to_string(seconds(mesh_.now() - began_.value_or(0))) +
                               (healed_ ? " healed at " : " ") +
                               (healed_ ? std::to_string(seconds(*healed_ - *began_)) : "") + " " +
                               line(named));
    }
  }

  void finish() {
    for (const FaultOutcome& of : outcome_.faults) {
      if (of.detected_s && of.located) continue;
      std::string open;
      outcome_.missed.push_back(std::string(text(of.fault.type)) +
                                (of.detected_s ? " not located" : " not found"));
    }
  }

  const Script script_;
  SimulatedMesh mesh_;
  VerdictTracker tracker_;
  RunOutcome outcome_;
  std::optional<Tick> began_;
  std::optional<Tick> healed_;
  std::set<std::tuple<std::uint64_t, Kind, std::string>> claimed_;
};

}  // namespace

RunOutcome run(const Script& script) {
  return Run(script).run();
}

}  // namespace meshcheck::verdict::simulation

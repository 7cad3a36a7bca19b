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
// A node is replaced where enough others are left, and its agents begin anew so much later.
constexpr std::size_t kReplacingNodesMin = 6;
constexpr Tick kReplacing = 30 * kSecond;
// Until what began while the API was away has reported.
constexpr Tick kReturn = 20 * kSecond;
// What is claimed of a fault that has been over for longer is not so. Sizes are searched for again.
constexpr Tick kClaimAfterMax = 10 * kSecond;
constexpr Tick kSizeClaimAfterMax = 30 * kSecond;

using Type = Fault::Type;

double seconds(Tick ticks) {
  return static_cast<double>(ticks) / kSecond;
}

bool is_slow(Fault::Type type) {
  return Fault{.type = type}.of_sizes() || type == Type::kLossOfNode ||
         type == Type::kLossOfZones || type == Type::kLatencyOfNode ||
         type == Type::kLatencyOfZones;
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

bool is_loss(Kind kind) {
  return kind == Kind::kPartialLoss || kind == Kind::kZoneDegradation;
}

Match match(const FaultOutcome& of, const NamedFinding& named, const Cluster& cluster) {
  Match best;
  for (Truth truth : truths_of(of.fault, cluster)) {
    // What comes and goes loses some of all packets.
    if (of.flapping && is_loss(named.finding.kind)) {
      truth.kind = named.finding.kind;
      truth.scope.reset();
      truth.ways.clear();
    }
    // One of the two may report in between.
    const bool of_agent = named.finding.subject.type == Subject::Type::kAgent;
    if (of.flapping && of_agent && truth.kind == Kind::kServerUnreachable) {
      truth.type = Subject::Type::kAgent;
      truth.first = agent_name(of.fault.node,
                               named.finding.scope == Scope::kHost ? Layer::kHost : Layer::kPod);
    }
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
    if (script_.meanwhile) background_ = place(*script_.meanwhile);
    restore_background();
    advance(script_.calm, false);
    // Not always at the same step of a second.
    for (std::size_t left = mesh_.random().below(2 * kSecond); left > 0; --left) step();
    for (const Fault::Type type : script_.faults) begin(place(type));
    end(duration(script_.faults));
    mesh_.set_api_away(script_.api_away);
    for (const Episode& episode : script_.episodes) play(episode);
    if (script_.api_away) {
      mesh_.set_api_away(false);
      advance(kReturn, false);
    }
    if (!outcome_.faults.empty()) advance(script_.after, true);
    finish();
    return std::move(outcome_);
  }

 private:
  struct Time {  // Of a fault.
    Tick began = 0;
    std::optional<Tick> healed;
  };

  Tick duration(const std::vector<Fault::Type>& types) const {
    const bool slow = std::any_of(types.begin(), types.end(), is_slow);
    return slow ? std::max(script_.duration, kLongDuration) : script_.duration;
  }

  void play(const Episode& episode) {
    if (script_.api_away) replace_node();
    advance(episode.pause, false);
    const bool again = episode.same && !outcome_.faults.empty();
    const auto fault = again ? std::optional(outcome_.faults.back().fault) : place(episode.type);
    if (!fault) return;
    begin(fault);
    const Tick whole = duration({fault->type});
    if (episode.flap == 0) return end(whole);
    outcome_.faults.back().flapping = true;
    const Tick until = mesh_.now() + whole;
    while (mesh_.now() < until) {
      advance(episode.flap, false);
      mesh_.heal();
      restore_background();
      tell("gone");
      advance(episode.flap, false);
      if (mesh_.now() >= until) break;
      mesh_.inject(*fault);
      tell("back");
    }
    end(0);
  }

  // One that had no fault and will have none.
  void replace_node() {
    const std::size_t nodes = mesh_.cluster().nodes;
    if (nodes < kReplacingNodesMin) return;
    const auto node = static_cast<Index>(mesh_.random().below(nodes));
    const bool spared =
        is_replaced(node) ||
        std::any_of(outcome_.faults.begin(), outcome_.faults.end(), [&](const FaultOutcome& of) {
          return of.fault.node == node || of.fault.other == node;
        });
    if (spared) return;
    mesh_.remove_node(node, kReplacing);
    replaced_.push_back(node);
  }

  bool is_replaced(Index node) const {
    return std::find(replaced_.begin(), replaced_.end(), node) != replaced_.end();
  }

  // Nothing if none can be seen beside those that are there.
  std::optional<Fault> place(Fault::Type type) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      Fault fault = random_fault(type, mesh_.cluster(), mesh_.random());
      // Of the other pairs nobody can know before their epoch comes.
      if (fault.other != kNoIndex) {
        fault.other = mesh_.peer_of(fault.node);
        if (fault.other == kNoIndex) continue;
      }
      const auto hidden = [&](const Fault& other) {
        return hides(fault, other, mesh_.cluster()) || hides(other, fault, mesh_.cluster());
      };
      if (is_replaced(fault.node) || is_replaced(fault.other)) continue;
      bool clear = !background_ || !hidden(*background_);
      for (std::size_t at = 0; at < outcome_.faults.size(); ++at) {
        clear = clear && (times_[at].healed || !hidden(outcome_.faults[at].fault));
      }
      if (clear) return fault;
    }
    return std::nullopt;
  }

  void begin(const std::optional<Fault>& fault) {
    if (!fault) return;
    mesh_.inject(*fault);
    outcome_.faults.push_back({.fault = *fault});
    times_.push_back({.began = mesh_.now()});
    tell("there");
  }

  void end(Tick after) {
    advance(after, false);
    mesh_.heal();
    restore_background();
    tell("over");
    for (Time& time : times_) {
      if (!time.healed) time.healed = mesh_.now();
    }
  }

  void restore_background() {
    if (background_) mesh_.inject(*background_);
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
    look(view.now);
  }

  // Whether what is said of the fault is said in its time.
  bool in_time(std::size_t fault) const {
    const Time& time = times_[fault];
    const bool of_sizes = outcome_.faults[fault].fault.of_sizes();
    return !time.healed ||
           mesh_.now() - *time.healed <= (of_sizes ? kSizeClaimAfterMax : kClaimAfterMax);
  }

  void note(const VerdictEvent& event) {
    const NamedFinding& named = event.verdict.named;
    if (script_.events) {
      outcome_.events.push_back(when() + std::string(text(event.type)) + " " + line(named));
    }
    if (event.type == VerdictEvent::Type::kClosed) {
      for (std::size_t at = 0; at < times_.size(); ++at) {
        FaultOutcome& of = outcome_.faults[at];
        if (!times_[at].healed || of.cleared_s || !match(of, named, mesh_.cluster()).found)
          continue;
        of.cleared_s = seconds(mesh_.now() - *times_[at].healed);
      }
      return;
    }
    bool right = background_ && match({.fault = *background_}, named, mesh_.cluster()).found;
    for (std::size_t at = 0; at < times_.size(); ++at) {
      right = right || (in_time(at) && match(outcome_.faults[at], named, mesh_.cluster()).found);
    }
    if (named.finding.severity == Severity::kInfo) return;
    const std::size_t episode = times_.size();
    const auto claim =
        std::tuple(event.verdict.id, named.finding.kind, named.ends[0].name, episode);
    if (!claimed_.insert(claim).second) return;
    ++outcome_.claims;
    outcome_.right_claims += right ? 1 : 0;
    if (!right) outcome_.wrong.push_back(when() + line(named));
  }

  // Of the last fault, where the script wants events.
  void tell(std::string_view what) {
    if (!script_.events || outcome_.faults.empty()) return;
    outcome_.events.push_back(when() + std::string(text(outcome_.faults.back().fault.type)) + " " +
                              std::string(what));
  }

  std::string when() const {
    if (times_.empty()) return "at " + std::to_string(seconds(mesh_.now())) + " ";
    const Time& last = times_.back();
    const std::string began = (outcome_.faults.back().flapping ? "flapping, at " : "at ") +
                              std::to_string(seconds(mesh_.now() - last.began));
    if (!last.healed) return began + " ";
    return began + " healed at " + std::to_string(seconds(*last.healed - last.began)) + " ";
  }

  // A fault is found at the first look that tells it, also by a verdict that is open already.
  void look(Clock::time_point now) {
    for (std::size_t at = 0; at < times_.size(); ++at) {
      FaultOutcome& of = outcome_.faults[at];
      if (times_[at].healed) continue;
      for (const Verdict& verdict : tracker_.open()) {
        if (verdict.last_seen != now) continue;
        const Match how = match(of, verdict.named, mesh_.cluster());
        if (!how.found) continue;
        of.located = how.located;
        if (of.detected_s) continue;
        of.detected_s = seconds(mesh_.now() - times_[at].began);
        of.located_at_first = how.located;
      }
    }
  }

  void finish() {
    for (const FaultOutcome& of : outcome_.faults) {
      if (of.detected_s && of.located) continue;
      outcome_.missed.push_back(std::string(of.flapping ? "flapping " : "") +
                                std::string(text(of.fault.type)) +
                                (of.detected_s ? " not located" : " not found"));
    }
  }

  const Script script_;
  SimulatedMesh mesh_;
  VerdictTracker tracker_;
  RunOutcome outcome_;
  std::vector<Time> times_;  // Of outcome_.faults.
  std::optional<Fault> background_;
  std::vector<Index> replaced_;  // Nodes.
  std::set<std::tuple<std::uint64_t, Kind, std::string, std::size_t>> claimed_;
};

}  // namespace

RunOutcome run(const Script& script) {
  return Run(script).run();
}

}  // namespace meshcheck::verdict::simulation

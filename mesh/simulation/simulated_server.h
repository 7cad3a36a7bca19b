// For the simulator: what a server keeps of reports, and the view that it makes of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mesh/simulation/cheap_path.h"
#include "mesh/simulation/simulated_fault.h"
#include "mesh/table/recent_losses.h"
#include "mesh/verdict/usual_times.h"
#include "mesh/verdict/view.h"

namespace meshcheck::verdict::simulation {

// Who a path belongs to and where it leads; the same for agents and the server.
struct Route {
  Index from = kNoIndex;
  Index to = kNoIndex;  // Of agents, or 0 if it is the shared gateway or the DNS.
  Relation relation = Relation::kPeer;
  ProbeKind kind = ProbeKind::kStamp;
  PathFamily family = PathFamily::kIpv4;
  std::uint32_t generation = 0;  // Another one each time that the place is used again.
  bool used = false;

  bool between_agents() const { return relation <= Relation::kTwin; }
};

// One row of a report.
struct Row {
  mesh::PathState state = mesh::PathState::kUnknown;
  std::array<FragmentationClass, 2> classes{};  // Forward, backward.
  std::uint16_t sent = 0;
  std::uint16_t lost = 0;
  std::uint16_t lost_forward = 0;
  std::uint16_t lost_backward = 0;
  std::uint32_t p50_us = 0;
  std::uint32_t p90_us = 0;
  Tick since = 0;
  std::optional<Tick> answered;
};

struct SentReport {
  template <typename Content>
  struct Of {
    Index path = kNoIndex;
    std::uint32_t generation = 0;
    Content content;
  };
  Index agent = kNoIndex;
  Tick made = 0;
  Tick started = 0;
  bool stopping = false;
  bool starved = false;
  std::vector<Of<Row>> rows;
  std::vector<Of<Tick>> heard;  // Of others' paths: when its probes were heard last.
};

// Judges paths by the rules of doc/mesh.md, which the server has in PathJudge, on rows as late as
// the reports are. Learns what each path is used to: by a slow mean of what it reported, from the
// time that it had a minute's results.
class SimulatedServer {
 public:
  struct Options {
    Tick report_interval = 5 * kSecond;
    double outdated_factor = 2;
    bool with_sizes = false;
  };

  SimulatedServer(Options options, const Cluster& cluster);

  void expect(Index agent, Tick now);  // It was started.
  void forget(Index agent);
  void receive(const SentReport& report, const std::vector<Route>& routes, Tick now);
  const View& view(const std::vector<Route>& routes, Tick now);

  static Clock::time_point at(Tick tick) {
    return Clock::time_point(std::chrono::hours(2)) + tick * kTick;
  }

 private:
  struct KnownAgent {
    bool expected = false;
    bool reported = false;
    bool stopping = false;
    bool starved = false;
    Tick received = 0;  // Or since when it is waited for.
    Tick started = 0;
  };
  struct KnownPath {
    std::uint32_t generation = 0;
    bool reported = false;
    Row row;
    std::optional<Tick> heard;
    std::optional<Tick> was_down;  // When it was reported so last.
    std::array<Tick, 2> class_since{};
    mesh::RecentLosses losses;
    std::uint16_t answer_age_ms = Path::kNoAge;
    float usual_p50_us = 0;
    float usual_p90_us = 0;
  };
  enum class Arrival : std::uint8_t { kYes, kNo, kUnknown };

  bool is_outdated(const KnownAgent& agent, Tick now) const;
  Tick grace() const { return 2 * options_.report_interval + 5 * kSecond; }
  void learn(KnownPath& path, const Row& row) const;
  bool is_unknown(const Route& route, const KnownPath& path, Tick now) const;
  Arrival arrival(const Route& route, const KnownPath& path, Tick now) const;
  Cut where_down(const Route& route, Index path, Index back, Tick now) const;
  void view_agents(Tick now);
  void view_path(const std::vector<Route>& routes, Index path, Tick now);
  void view_sizes(const Route& route, const KnownPath& path);
  void find_backs(const std::vector<Route>& routes);

  Options options_;
  View view_;
  UsualTimes usual_;
  std::vector<std::string> names_;
  std::vector<KnownAgent> agents_;
  std::vector<KnownPath> paths_;
  std::vector<Index> back_of_;  // By path: the one in the opposite direction.
  std::uint64_t backs_made_for_ = ~0ULL;
};

}  // namespace meshcheck::verdict::simulation

#include "server/mesh/mesh_metrics.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "server/mesh/pmtu_metrics.h"

namespace meshcheck::server {
namespace {

using metrics::Sink;
using Type = Sink::Type;

// What is counted at each scrape, beside a series' own sums.
struct Gauges {
  std::array<std::size_t, 4> states{};  // By PathState.
  std::array<std::size_t, 5> down{};    // By Direction.
};

constexpr std::array kCuts = {mesh::Cut::kForward, mesh::Cut::kBackward, mesh::Cut::kBoth,
                              mesh::Cut::kUnknown};

constexpr auto kBoundsSeconds = [] {
  std::array<double, mesh::RttHistogram::kBoundsUs.size()> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = mesh::RttHistogram::kBoundsUs[i] / 1e6;
  }
  return bounds;
}();

using DownPath = std::unique_ptr<mesh::PathView>;  // By pointer, as views do not change places.

// Whether `a` is to be shown before `b`: peers are what a mesh is for, and an old outage tells
// more.
bool comes_first(const DownPath& a, const DownPath& b) {
  const bool peer = a->row.between_agents();
  if (peer != b->row.between_agents()) return peer;
  return a->judgement.since < b->judgement.since;
}

class MeshMetrics {
 public:
  MeshMetrics(const mesh::Mesh& mesh, Sink& sink, Now now)
      : mesh_(mesh), table_(mesh.table), sink_(sink), now_(now), mtus_(mesh.table) {}

  void write() {
    gather();
    write_sums();
    write_paths();
    write_down_paths();
    mtus_.write(sink_, now_);
    write_server();
  }

 private:
  void gather() {
    const mesh::MeshAgent* last = nullptr;
    Gauges* gauges = nullptr;
    const auto count = [&](const mesh::PathView& path) {
      if (&path.from != last) {  // Rows of an agent come together.
        last = &path.from;
        gauges = &gauges_[last->series];
      }
      mtus_.count(path);
      ++gauges->states[static_cast<std::size_t>(path.judgement.state)];
      if (path.judgement.state != mesh::PathState::kDown) return;
      ++gauges->down[static_cast<std::size_t>(path.judgement.cut)];
      note_down(path);
    };
    static_cast<void>(table_.visit("", ~std::size_t{0}, now_, count));
  }

  // A heap with the last on top, which makes room for another.
  void note_down(const mesh::PathView& path) {
    ++down_total_;
    down_.push_back(std::make_unique<mesh::PathView>(path));
    std::push_heap(down_.begin(), down_.end(), comes_first);
    if (down_.size() <= kPathsDownShownMax) return;
    std::pop_heap(down_.begin(), down_.end(), comes_first);
    down_.pop_back();
  }

  // A sample for each series.
  template <typename Value>
  void family(std::string_view name, Type type, std::string_view help, Value&& value) {
    sink_.family(name, type, help);
    for (const auto& [key, series] : table_.series()) {
      sink_.sample({{"node", key.first}, {"layer", mesh::text(key.second)}},
                   static_cast<double>(value(series)));
    }
  }

  void write_sums() {
    sink_.family("meshcheck_rtt_seconds", Type::kHistogram,
                 "Round trips between agents of a layer, by the node that probes.");
    for (const auto& [key, series] : table_.series()) {
      sink_.histogram({{"node", key.first}, {"layer", mesh::text(key.second)}},
                      {.bounds = kBoundsSeconds,
                       .counts = series.round_trips.counts,
                       .sum = static_cast<double>(series.round_trips.sum_us) / 1e6});
    }
    const auto sum = [](std::uint64_t mesh::PathTotals::*member) {
      return [member](const mesh::MeshSeries& series) { return series.totals.*member; };
    };
    using Totals = mesh::PathTotals;
    family("meshcheck_probes_sent_total", Type::kCounter,
           "Probes to peers that were answered or lost.", sum(&Totals::sent));
    sink_.family("meshcheck_probes_lost_total", Type::kCounter,
                 "Probes to peers that were lost, by the direction in which they were.");
    for (const auto& [key, series] : table_.series()) {
      const std::string_view layer = mesh::text(key.second);
      sink_.sample({{"node", key.first}, {"layer", layer}, {"direction", "forward"}},
                   static_cast<double>(series.totals.lost_forward));
      sink_.sample({{"node", key.first}, {"layer", layer}, {"direction", "backward"}},
                   static_cast<double>(series.totals.lost_backward));
    }
    family("meshcheck_probes_lost_unresolved", Type::kGauge,
           "Lost probes of unknown direction, of the agents' present sessions.",
           [](const mesh::MeshSeries& series) { return series.unresolved; });
    family("meshcheck_probes_late_total", Type::kCounter,
           "Probes to peers that were answered after the timeout.", sum(&Totals::late));
    family("meshcheck_probes_duplicated_total", Type::kCounter,
           "Further answers to probes that were answered.", sum(&Totals::duplicated));
    family("meshcheck_probes_reordered_total", Type::kCounter,
           "Answers that came after that of a later probe.", sum(&Totals::reordered));
  }

  void write_paths() {
    sink_.family("meshcheck_paths", Type::kGauge, "Paths by state, of all relations.");
    for (const auto& [key, series] : table_.series()) {
      for (const mesh::PathState state : mesh::kPathStates) {
        sink_.sample(
            {{"node", key.first}, {"layer", mesh::text(key.second)}, {"state", mesh::text(state)}},
            static_cast<double>(gauges_[&series].states[static_cast<std::size_t>(state)]));
      }
    }
    sink_.family("meshcheck_paths_down", Type::kGauge,
                 "Paths that are down, by where they are cut; only where there are some.");
    for (const auto& [key, series] : table_.series()) {
      for (const mesh::Cut cut : kCuts) {
        const auto count = gauges_[&series].down[static_cast<std::size_t>(cut)];
        if (count == 0) continue;
        sink_.sample({{"node", key.first},
                      {"layer", mesh::text(key.second)},
                      {"direction", mesh::text(cut)}},
                     static_cast<double>(count));
      }
    }
  }

  void write_down_paths() {
    sink_.family(
        "meshcheck_path_down", Type::kGauge,
        "Always 1: a path that is down; at most 100, of peers first, then those down for longest.");
    std::sort(down_.begin(), down_.end(), comes_first);
    // A path that an agent reports twice may not be there twice: all of /metrics would be refused.
    std::set<std::tuple<const mesh::MeshAgent*, mesh::NameTable::Id, mesh::Relation,
                        mesh::ProbeKind, mesh::PathFamily>>
        written;
    for (const auto& path : down_) {
      const mesh::PathRow& row = path->row;
      const bool first =
          written.emplace(&path->from, row.to, row.relation, row.kind, row.family).second;
      if (!first) continue;
      sink_.sample({{"from", path->from_name},
                    {"to", path->to_name},
                    {"layer", mesh::text(path->from.layer)},
                    {"relation", mesh::text(path->row.relation)},
                    {"probe", mesh::text(path->row.kind)},
                    {"family", mesh::text(path->row.family)},
                    {"direction", text(path->judgement.cut)}},
                   1);
    }
    single("meshcheck_paths_down_left_out", Type::kGauge,
           "Paths that are down and not in meshcheck_path_down.", down_total_ - written.size());
  }

  void single(std::string_view name, Type type, std::string_view help, std::uint64_t value) {
    sink_.family(name, type, help);
    sink_.sample({}, static_cast<double>(value));
  }

  void write_server() {
    const mesh::MeshTable::Counts counts = table_.counts();
    single("meshcheck_mesh_agents", Type::kGauge, "Agents whose mesh report is held.",
           counts.agents);
    single("meshcheck_mesh_nodes", Type::kGauge, "Nodes with an agent that can be probed.",
           mesh_.assigner.nodes());
    single("meshcheck_mesh_epoch", Type::kGauge,
           "Number of the epoch; 0 while everybody probes everybody.", mesh_.assigner.epoch());
    single("meshcheck_mesh_paths", Type::kGauge, "Paths held.", counts.paths);
    single("meshcheck_mesh_mtus", Type::kGauge, "Paths of which sizes are held.", counts.mtus);
    single("meshcheck_mesh_names", Type::kGauge,
           "Names held: agents, nodes, targets, routers, errors.", counts.names);
    single("meshcheck_mesh_paths_refused_total", Type::kCounter,
           "Paths left out of reports because as many are held as may be.", counts.paths_refused);
    single("meshcheck_mesh_mtus_refused_total", Type::kCounter,
           "Sizes of paths left out of reports because as many are held as may be.",
           counts.mtus_refused);
    single("meshcheck_mesh_names_refused_total", Type::kCounter,
           "Names left out of reports because as many are held as may be.", counts.names_refused);
    single("meshcheck_mesh_assignments_total", Type::kCounter,
           "Reports answered with another assignment.", mesh_.assigner.answers());
    single("meshcheck_mesh_addresses_refused_total", Type::kCounter,
           "Addresses of agents that may be no peer's, such as multicast ones.",
           mesh_.assigner.addresses_refused());
  }

  const mesh::Mesh& mesh_;
  const mesh::MeshTable& table_;
  Sink& sink_;
  const Now now_;
  PmtuMetrics mtus_;
  std::unordered_map<const mesh::MeshSeries*, Gauges> gauges_;
  std::vector<DownPath> down_;
  std::size_t down_total_ = 0;
};

}  // namespace

void write_mesh_metrics(const mesh::Mesh& mesh, metrics::Sink& sink, Now now) {
  MeshMetrics(mesh, sink, now).write();
}

}  // namespace meshcheck::server

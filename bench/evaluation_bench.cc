// What an evaluation costs the server: from its tables to verdicts, and how much memory.
//   evaluation_bench NODES [PEERS]     of two agents each; 20 peers
// Prints milliseconds of one core by part, the median of 51 passes, when all is well and with the
// pod networks of a twentieth of the nodes cut off, and the memory that the view takes.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "mesh/table/pmtu_testing.h"
#include "mesh/verdict/diagnosis.h"
#include "mesh/verdict/verdict_tracker.h"
#include "mesh/verdict/view_maker.h"
#include "server/parts.h"
#include "server/verdicts/verdict_evaluator.h"

namespace meshcheck::server {
namespace {

using mesh::Layer;
using mesh::PathState;

constexpr int kPasses = 51;

struct Cluster {
  std::size_t nodes = 0;
  std::size_t peers = 0;
  std::size_t cut = 0;  // Pod networks of the first nodes.
};

std::string name(std::size_t node, Layer layer) {
  return (layer == Layer::kPod ? "meshcheck-agent-" : "meshcheck-agent-hostnet-") +
         std::to_string(node);
}

mesh::ProbingReport report_of(const Cluster& cluster, std::size_t node, Layer layer) {
  mesh::ProbingReport report =
      mesh::testing::report_of(2 * node + (layer == Layer::kHost ? 1 : 0), layer);
  report.agent_uptime = std::chrono::hours(1);
  const auto clear = mesh::testing::way_of(mesh::FragmentationClass::kClear, 1500);
  for (std::size_t step = 1; step <= cluster.peers / 2; ++step) {
    for (const std::size_t peer : {(node + step * 7) % cluster.nodes,
                                   (node + cluster.nodes * 7 - step * 7) % cluster.nodes}) {
      const bool lost = layer == Layer::kPod && (node < cluster.cut || peer < cluster.cut);
      report.paths.push_back(mesh::testing::path_to(name(peer, layer),
                                                    lost ? PathState::kDown : PathState::kUp,
                                                    std::chrono::milliseconds(lost ? 6000 : 300)));
      if (lost) report.paths.back().summary.answer_age = std::chrono::seconds(9);
      report.mtus.push_back(mesh::testing::mtu_to(name(peer, layer), clear, clear));
      report.heard.push_back({mesh::testing::address_of(2 * peer),
                              static_cast<std::uint16_t>(2 * peer + 1),
                              std::chrono::milliseconds(lost ? 9000 : 400)});
    }
  }
  auto twin = mesh::testing::path_to(name(node, layer == Layer::kPod ? Layer::kHost : Layer::kPod),
                                     PathState::kUp);
  twin.relation = mesh::Relation::kTwin;
  report.paths.push_back(twin);
  return report;
}

void report_all(Parts& state, const Cluster& cluster, Now now) {
  for (std::size_t node = 0; node < cluster.nodes; ++node) {
    for (const Layer layer : {Layer::kPod, Layer::kHost}) {
      const std::string agent = name(node, layer);
      const std::string place = "node-" + std::to_string(node);
      mesh::Record record;
      record.podname = agent;
      record.nodename = place;
      record.report_interval = 5;
      state.agents.with(
          [&](AgentTable& table) { table.report(std::move(record), now, mesh::LargeLoss()); });
      state.mesh.with([&](mesh::Mesh& mesh) {
        mesh.table.report(
            {.name = agent, .node = place, .report_interval = std::chrono::seconds(5)},
            report_of(cluster, node, layer), now);
      });
    }
  }
}

std::size_t heap_size() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

double median_ms(std::vector<double>& values) {
  std::nth_element(values.begin(), values.begin() + kPasses / 2, values.end());
  return values[kPasses / 2];
}

void measure(Cluster cluster, const char* what) {
  mesh::testing::TestClock clock;
  Parts state({});
  verdict::ViewMaker maker({.rules = {}, .began = clock.now.steady});
  verdict::VerdictTracker tracker({});
  clock.pass(std::chrono::minutes(1));
  report_all(state, cluster, clock.now);
  const std::size_t heap = heap_size();
  std::vector<double> agents;
  std::vector<double> paths;
  std::vector<double> diagnosis;
  std::size_t findings = 0;
  std::size_t seen = 0;
  const auto milliseconds = [](Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  };
  for (int pass = 0; pass < kPasses; ++pass) {
    clock.pass(std::chrono::milliseconds(100));
    auto begin = Clock::now();
    state.agents.with([&](const AgentTable& table) { set_members(table, clock.now, maker); });
    agents.push_back(milliseconds(begin));
    begin = Clock::now();
    const verdict::View& view = state.mesh.with(
        [&](const mesh::Mesh& mesh) { return std::cref(maker.make(mesh, clock.now)); });
    paths.push_back(milliseconds(begin));
    begin = Clock::now();
    std::vector<verdict::NamedFinding> found;
    for (const verdict::Finding& finding : diagnose(view)) found.push_back(name(view, finding));
    findings = found.size();
    tracker.update(std::move(found), view);
    diagnosis.push_back(milliseconds(begin));
    seen = view.paths.size();
  }
  const double view_mib = static_cast<double>(heap_size() - heap) / 1048576;
  const double parts[] = {median_ms(agents), median_ms(paths), median_ms(diagnosis)};
  std::printf(
      "%6zu nodes %8zu paths  %-8s  agents %6.2f  paths %6.2f  diagnosis %6.2f  "
      "all %6.2f ms  %4zu findings  %6.1f MiB\n",
      cluster.nodes, seen, what, parts[0], parts[1], parts[2], parts[0] + parts[1] + parts[2],
      findings, view_mib);
}

}  // namespace
}  // namespace meshcheck::server

int main(int argc, char** argv) {
  const std::size_t nodes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
  const std::size_t peers = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 20;
  if (nodes < 4 || peers < 2 || peers >= nodes) {
    std::fputs("usage: evaluation_bench NODES [PEERS], 4 nodes and 2 peers at least\n", stderr);
    return 2;
  }
  meshcheck::server::measure({.nodes = nodes, .peers = peers}, "healthy");
  meshcheck::server::measure({.nodes = nodes, .peers = peers, .cut = nodes / 20}, "cut");
  return 0;
}

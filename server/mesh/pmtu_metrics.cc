#include "server/mesh/pmtu_metrics.h"

#include <array>
#include <utility>

namespace meshcheck::server {
namespace {

using metrics::Sink;
using Type = Sink::Type;

}  // namespace

void PmtuMetrics::count(const mesh::PathView& path) {
  if (mesh::PmtuSummary::counts(path)) summaries_[path.from.series].add(path.pmtu_judgement.ways);
}

void PmtuMetrics::write(Sink& sink, Now now) const {
  write_sizes(sink);
  write_padding(sink, now);
}

void PmtuMetrics::write_sizes(Sink& sink) const {
  // For each node and layer of which something is known, in their order.
  const auto each = [&](auto&& write) {
    for (const auto& [key, series] : table_.series()) {
      const auto known = summaries_.find(&series);
      if (known != summaries_.end()) write(key.first, mesh::text(key.second), known->second);
    }
  };
  const auto write_size = [&](Sink::Labels labels, std::optional<std::uint16_t> size) {
    if (size) sink.sample(labels, *size);
  };
  sink.family("meshcheck_path_mtu_bytes", Type::kGauge,
              "Largest packets that pass to and from peers: of the worst and of the best path.");
  each([&](std::string_view node, std::string_view layer, const mesh::PmtuSummary& summary) {
    write_size({{"node", node}, {"layer", layer}, {"bound", "min"}}, summary.size_min);
    write_size({{"node", node}, {"layer", layer}, {"bound", "max"}}, summary.size_max);
  });
  sink.family("meshcheck_link_mtu_bytes", Type::kGauge,
              "MTU of the link from which peers are probed.");
  each([&](std::string_view node, std::string_view layer, const mesh::PmtuSummary& summary) {
    write_size({{"node", node}, {"layer", layer}}, summary.link_mtu);
  });
  sink.family("meshcheck_path_mtu_directions", Type::kGauge,
              "Directions of paths to peers, by their class; only where there are some.");
  each([&](std::string_view node, std::string_view layer, const mesh::PmtuSummary& summary) {
    for (std::size_t i = 0; i < summary.classes.size(); ++i) {
      if (summary.classes[i] == 0) continue;
      const auto fragmentation_class = static_cast<mesh::FragmentationClass>(i);
      sink.sample({{"node", node}, {"layer", layer}, {"class", mesh::text(fragmentation_class)}},
                  summary.classes[i]);
    }
  });
}

void PmtuMetrics::write_padding(Sink& sink, Now now) const {
  sink.family("meshcheck_padding_lost", Type::kGauge,
              "Always 1: the padding between an agent and the server is lost; at most 100.");
  std::size_t shown = 0;
  std::size_t left_out = 0;
  table_.visit_agents([&](const mesh::MeshAgent& agent) {
    if (agent.stopping || table_.is_outdated(agent, now)) return;
    for (const auto& [lost, direction] : {std::pair(agent.large_loss.to_server, "forward"),
                                          std::pair(agent.large_loss.from_server, "backward")}) {
      if (!lost) continue;
      if (shown == kPaddingLostShownMax) {
        ++left_out;
        continue;
      }
      ++shown;
      sink.sample({{"agent", table_.text(agent.name)},
                   {"node", table_.text(agent.node)},
                   {"layer", mesh::text(agent.layer)},
                   {"direction", direction}},
                  1);
    }
  });
  sink.family("meshcheck_padding_lost_left_out", Type::kGauge,
              "Directions whose padding is lost and that are not in meshcheck_padding_lost.");
  sink.sample({}, static_cast<double>(left_out));
}

}  // namespace meshcheck::server

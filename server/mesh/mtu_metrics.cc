#include "server/mesh/mtu_metrics.h"

#include <array>
#include <utility>

namespace meshcheck::server {
namespace {

using metrics::TextWriter;
using Type = TextWriter::Type;

}  // namespace

void MtuMetrics::count(const mesh::PathView& path) {
  if (mesh::MtuSummary::counts(path)) summaries_[path.from.series].add(path.mtu_judgement.ways);
}

void MtuMetrics::write(TextWriter& writer, Now now) const {
  write_sizes(writer);
  write_padding(writer, now);
}

void MtuMetrics::write_sizes(TextWriter& writer) const {
  // For each node and layer of which something is known, in their order.
  const auto each = [&](auto&& write) {
    for (const auto& [key, series] : table_.series()) {
      const auto known = summaries_.find(&series);
      if (known != summaries_.end()) write(key.first, mesh::text(key.second), known->second);
    }
  };
  const auto write_size = [&](TextWriter::Labels labels, std::optional<std::uint16_t> size) {
    if (size) writer.sample(labels, *size);
  };
  writer.family("meshcheck_path_mtu_bytes", Type::kGauge,
                "Largest packets that pass to and from peers: of the worst and of the best path.");
  each([&](std::string_view node, std::string_view layer, const mesh::MtuSummary& summary) {
    write_size({{"node", node}, {"layer", layer}, {"bound", "min"}}, summary.size_min);
    write_size({{"node", node}, {"layer", layer}, {"bound", "max"}}, summary.size_max);
  });
  writer.family("meshcheck_link_mtu_bytes", Type::kGauge,
                "MTU of the link from which peers are probed.");
  each([&](std::string_view node, std::string_view layer, const mesh::MtuSummary& summary) {
    write_size({{"node", node}, {"layer", layer}}, summary.link_mtu);
  });
  writer.family("meshcheck_path_mtu_directions", Type::kGauge,
                "Directions of paths to peers, by their class; only where there are some.");
  each([&](std::string_view node, std::string_view layer, const mesh::MtuSummary& summary) {
    for (std::size_t i = 0; i < summary.classes.size(); ++i) {
      if (summary.classes[i] == 0) continue;
      const auto fragmentation_class = static_cast<mesh::FragmentationClass>(i);
      writer.sample({{"node", node}, {"layer", layer}, {"class", mesh::text(fragmentation_class)}},
                    summary.classes[i]);
    }
  });
}

void MtuMetrics::write_padding(TextWriter& writer, Now now) const {
  writer.family("meshcheck_padding_lost", Type::kGauge,
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
      writer.sample({{"agent", table_.text(agent.name)},
                     {"node", table_.text(agent.node)},
                     {"layer", mesh::text(agent.layer)},
                     {"direction", direction}},
                    1);
    }
  });
  writer.family("meshcheck_padding_lost_left_out", Type::kGauge,
                "Directions whose padding is lost and that are not in meshcheck_padding_lost.");
  writer.sample({}, static_cast<double>(left_out));
}

}  // namespace meshcheck::server

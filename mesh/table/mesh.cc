#include "mesh/table/mesh.h"

namespace meshcheck::mesh {
namespace {

Assigner::Member member_of(const MeshTable::Sender& sender, const ProbingReport& report) {
  return {.name = sender.name,
          .node = sender.node,
          .layer = report.layer,
          .addresses = report.addresses,
          .link_mtus = report.link_mtus,
          .port = report.port,
          .stopping = report.stopping};
}

}  // namespace

std::optional<std::string> Mesh::report(const MeshTable::Sender& sender,
                                        const ProbingReport& report, Now now) {
  table.report(sender, report, now);
  assigner.tick(now);
  assigner.report(member_of(sender, report));
  if (report.pings) pings.take(sender.name, *report.pings);
  if (report.stopping) return std::nullopt;
  const auto interval = std::chrono::duration_cast<std::chrono::seconds>(sender.report_interval);
  return assigner.answer({.name = sender.name,
                          .held = report.assignment,
                          .report_interval = interval,
                          .pings = pings.orders_of(sender.name, now.steady)},
                         now);
}

void Mesh::restore(const MeshTable::Sender& sender, const ProbingReport& report) {
  assigner.report(member_of(sender, report));
}

void Mesh::leave(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    table.leave(name);
    assigner.leave(name);
  }
}

}  // namespace meshcheck::mesh

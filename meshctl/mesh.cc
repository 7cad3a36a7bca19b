// meshctl mesh.
#include "meshctl/command.h"
#include "meshctl/heat_map.h"

namespace meshcheck::meshctl {
namespace {

class Mesh : public Command {
 public:
  explicit Mesh(CLI::App& parent) : Command(parent, "mesh", "Which node reaches which, as a map") {
    add("--layer", question_.layer, "pod or host; both without it").one_of({"pod", "host"});
    add("--node", node_, "One node alone: a row for each that it has a path to or from");
    add_switch("--all", question_.all, "Each node, however large the screen is");
  }

  int run(Program& program) override {
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    std::vector<std::string> bodies;
    for (const char* const layer : {"pod", "host"}) {
      if (!question_.layer.empty() && question_.layer != layer) continue;
      auto body = (*session)->get_body(std::string("/api/v1/mesh/grid?layer=") + layer);
      if (!body) return program.fail(body.error());
      bodies.push_back(*std::move(body));
    }
    const auto grid = read_grids(bodies);
    if (!grid) return program.fail(grid.error().within("/api/v1/mesh/grid"));
    if (node_.empty()) {
      question_.all_pairs = program.for_machines();
      return program.show(mesh_document(*grid, program.style(), question_));
    }
    const auto row = mesh_row_document(*grid, node_);
    return row ? program.show(*row) : program.fail(row.error());
  }

 private:
  MeshQuestion question_;
  std::string node_;
};

}  // namespace

CommandPtr make_mesh(CLI::App& parent) {
  return std::make_unique<Mesh>(parent);
}

}  // namespace meshcheck::meshctl

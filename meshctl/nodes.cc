// meshctl agents, paths and mtu.
#include "meshctl/command.h"
#include "meshctl/node_documents.h"

namespace meshcheck::meshctl {
namespace {

class Agents : public Command {
 public:
  explicit Agents(CLI::App& parent) : Command(parent, "agents", "Who reports, and who is silent") {}

  int run(Program& program) override {
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const auto agents = (*session)->get_json("/api/v1/agents/");
    if (!agents) return program.fail(agents.error());
    const auto check = (*session)->get("/api/v1/connectivity_check");
    if (!check) return program.fail(check.error());
    const auto said = parse_json(check->body);
    if (!said) return program.fail(said.error().within("connectivity_check"));
    return program.show(agents_document(*agents, *said, now().wall));
  }
};

class Paths : public Command {
 public:
  explicit Paths(CLI::App& parent)
      : Command(parent, "paths", "The paths from and to a node, the worst first") {
    add("NODE", node_, "Its name").required();
  }

  int run(Program& program) override {
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const auto answer = (*session)->get_json("/api/v1/mesh?node=" + query_escape(node_));
    if (!answer) return program.fail(answer.error());
    if (member_at(*answer, "paths").empty()) {
      return program.fail(Error("no path begins or ends at " + node_));
    }
    return program.show(paths_document(*answer, now().wall));
  }

 private:
  std::string node_;
};

class Mtu : public Command {
 public:
  explicit Mtu(CLI::App& parent) : Command(parent, "mtu", "The sizes of packets that paths carry") {
    add("NODE", node_, "Its paths, each way; without it a row for each node");
  }

  int run(Program& program) override {
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const bool one = !node_.empty();
    const auto body = (*session)->get_body("/api/v1/mtu?relation=peer" +
                                           (one ? "&node=" + query_escape(node_) : ""));
    if (!body) return program.fail(body.error());
    const auto answer =
        parse_rows(*body, [&](const Json& row) { return one || row.contains("classes"); });
    if (!answer) return program.fail(answer.error().within("/api/v1/mtu"));
    if (one && member_at(*answer, "paths").empty()) {
      return program.fail(Error("no size of a path of " + node_ + " is tried"));
    }
    return program.show(mtu_document(*answer, one));
  }

 private:
  std::string node_;
};

}  // namespace

CommandPtr make_agents(CLI::App& parent) {
  return std::make_unique<Agents>(parent);
}

CommandPtr make_paths(CLI::App& parent) {
  return std::make_unique<Paths>(parent);
}

CommandPtr make_mtu(CLI::App& parent) {
  return std::make_unique<Mtu>(parent);
}

}  // namespace meshcheck::meshctl

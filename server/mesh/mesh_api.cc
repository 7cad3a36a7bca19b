#include "server/mesh/mesh_api.h"

#include <utility>

#include "lib/base/json_writer.h"
#include "lib/http/query.h"
#include "mesh/report/name.h"
#include "server/mesh/mesh_query.h"
#include "server/mesh/path_text.h"

namespace meshcheck::server {
namespace {

// The source of an answer's body.
class MeshStream {
 public:
  MeshStream(Guarded<mesh::Mesh>& mesh, MeshQuery query) : mesh_(&mesh), query_(std::move(query)) {}

  http::BodyStep operator()(std::string& piece) {
    const Now time = now();
    if (!begun_) begin(piece, time);
    const auto append = [&](const mesh::PathView& path) {
      if (!query_.matches(path)) return;
      if (query_.csv) {
        append_csv(piece, path, time);
      } else {
        if (total_ != 0) piece += ",\n";
        append_json(piece, path, time);
      }
      ++total_;
    };
    auto last = mesh_->with([&](const mesh::Mesh& mesh) {
      return mesh.table.visit(after_, kPiecePaths, time, append);
    });
    const bool more = last.has_value();
    after_ = std::move(last).value_or("");
    if (!more && !query_.csv) piece += "],\"total\":" + std::to_string(total_) + "}\n";
    return more ? http::BodyStep::kMore : http::BodyStep::kEnd;
  }

 private:
  void begin(std::string& piece, Now time) {
    begun_ = true;
    if (query_.csv) {
      piece += csv_header();
    } else {
      piece += "{\"time\":\"" + time_text(time.steady, time) + "\",\"paths\":[";
    }
  }

  Guarded<mesh::Mesh>* mesh_;  // Outlives the server's connections.
  MeshQuery query_;
  bool begun_ = false;
  std::string after_;
  std::size_t total_ = 0;
};

void append_totals(std::string& json, const mesh::PathTotals& totals) {
  json += ",\"totals\":{";
  for (const mesh::PathCount& count : mesh::kPathCounts) {
    append_json_number(json, count.name, totals.*count.value);
  }
  json += '}';
}

// Empty for an agent that is not there.
std::string agent_json(mesh::Mesh& mesh, std::string_view name, Now time) {
  const mesh::MeshAgent* const agent = mesh.table.find(name);
  if (agent == nullptr) return {};
  const auto current = mesh.assigner.current(name);
  std::string json = "{";
  append_json_member(json, "time", time_text(time.steady, time));
  append_json_member(json, "name", name);
  append_json_member(json, "node", mesh.table.text(agent->node));
  append_json_member(json, "layer", mesh::text(agent->layer));
  append_json_member(json, "started", time_text(agent->started, time));
  append_json_member(json, "last_report", time_text(agent->received, time));
  json += agent->stopping ? ",\"stopping\":true" : ",\"stopping\":false";
  json += ",\"assignment\":{\"epoch\":" + std::to_string(current ? current->epoch : 0);
  append_json_member(json, "revision", current ? current->revision : "");
  append_json_member(json, "held", agent->revision);
  json += '}';
  append_totals(json, agent->totals);
  append_json_member(json, "clock", mesh.table.text(agent->clock));
  append_json_member(json, "icmp", mesh.table.text(agent->icmp));
  append_json_number(json, "starved", agent->starved);
  append_json_number(json, "receive_drops", agent->receive_drops);
  json += ",\"paths\":[";
  mesh.table.visit_agent(*agent, time, [&](const mesh::PathView& path) {
    if (json.back() != '[') json += ",\n";
    append_json(json, path, time);
  });
  return json + "]}\n";
}

}  // namespace

http::Response get_mesh(Guarded<mesh::Mesh>& mesh, const http::Request& request) {
  auto query = parse_mesh_query(request);
  if (!query) return http::Response::error(400, query.error().message());
  http::Response response;
  response.content_type = query->csv ? "text/csv; charset=utf-8" : "application/json";
  response.source = MeshStream(mesh, *std::move(query));
  return response;
}

http::Response get_agent_paths(Guarded<mesh::Mesh>& mesh, const http::Request& request) {
  if (auto known = http::check_query_keys(request, {}); !known) {
    return http::Response::error(400, known.error().message());
  }
  std::string json =
      mesh.with([&](mesh::Mesh& held) { return agent_json(held, request.parameter, now()); });
  if (json.empty()) return http::Response::error(404, mesh::kUnknownAgent);
  return http::Response::json(std::move(json));
}

}  // namespace meshcheck::server

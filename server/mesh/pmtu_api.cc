#include "server/mesh/pmtu_api.h"

#include <map>
#include <string>
#include <utility>

#include "server/mesh/mesh_query.h"
#include "server/mesh/path_text.h"
#include "server/mesh/pmtu_text.h"

namespace meshcheck::server {
namespace {

// In one piece: less than a millisecond with the lock.
constexpr std::size_t kPieceSummaries = 512;

// The source of an answer's body.
class PmtuStream {
 public:
  PmtuStream(Guarded<mesh::Mesh>& mesh, MeshQuery query) : mesh_(&mesh), query_(std::move(query)) {}

  http::BodyStep operator()(std::string& piece) {
    return append_next(piece) ? http::BodyStep::kMore : http::BodyStep::kEnd;
  }

 private:
  // Bounded by the nodes that have agents.
  using Summaries = std::map<std::pair<std::string, mesh::Layer>, mesh::PmtuSummary>;

  // False behind the last.
  bool append_next(std::string& piece) {
    const Now time = now();
    if (!begun_) begin(piece, time);
    if (paths_done_) return append_summaries(piece);
    counted_ = nullptr;
    auto last = mesh_->with([&](const mesh::Mesh& mesh) {
      return mesh.table.visit(after_, kPiecePaths, time,
                              [&](const mesh::PathView& path) { append(piece, path, time); });
    });
    if (last) {
      after_ = *std::move(last);
      return true;
    }
    paths_done_ = true;
    if (!query_.csv) piece += "],\"total\":" + std::to_string(total_) + ",\"summary\":[";
    return !query_.csv;
  }

  void begin(std::string& piece, Now time) {
    begun_ = true;
    if (query_.csv) {
      piece += pmtu_csv_header();
    } else {
      piece += "{\"time\":\"" + time_text(time.steady, time) + "\",\"paths\":[";
    }
  }

  void append(std::string& piece, const mesh::PathView& path, Now time) {
    if (path.mtu == nullptr) return;
    count(path);
    if (!query_.matches(path)) return;
    if (query_.csv) {
      append_pmtu_csv(piece, path, time);
    } else {
      if (total_ != 0) piece += ",\n";
      append_pmtu_path_json(piece, path, time);
    }
    ++total_;
  }

  void count(const mesh::PathView& path) {
    const bool wanted = (!query_.layer || path.from.layer == *query_.layer) &&
                        (query_.node.empty() || path.from_node == query_.node);
    if (query_.csv || !wanted || !mesh::PmtuSummary::counts(path)) return;
    if (counted_ != &path.from) {  // Paths of an agent come together.
      counted_ = &path.from;
      summary_ = &summaries_[{std::string(path.from_node), path.from.layer}];
    }
    summary_->add(path.pmtu_judgement.ways);
  }

  bool append_summaries(std::string& piece) {
    for (std::size_t i = 0; i < kPieceSummaries && !summaries_.empty(); ++i) {
      const auto first = summaries_.begin();
      if (summary_written_) piece += ",\n";
      summary_written_ = true;
      append_summary_json(piece, first->first.first, first->first.second, first->second);
      summaries_.erase(first);
    }
    if (summaries_.empty()) piece += "]}\n";
    return !summaries_.empty();
  }

  Guarded<mesh::Mesh>* mesh_;  // Outlives the server's connections.
  MeshQuery query_;
  bool begun_ = false;
  bool paths_done_ = false;
  bool summary_written_ = false;
  std::string after_;
  std::size_t total_ = 0;
  Summaries summaries_;
  const mesh::MeshAgent* counted_ = nullptr;  // Within a piece.
  mesh::PmtuSummary* summary_ = nullptr;      // Of `counted_`.
};

}  // namespace

http::Response get_pmtu(Guarded<mesh::Mesh>& mesh, const http::Request& request) {
  auto query = parse_pmtu_query(request);
  if (!query) return http::Response::error(400, query.error().message());
  http::Response response;
  response.content_type = query->csv ? "text/csv; charset=utf-8" : "application/json";
  response.source = PmtuStream(mesh, *std::move(query));
  return response;
}

}  // namespace meshcheck::server

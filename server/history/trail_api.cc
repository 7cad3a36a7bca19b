#include "server/history/trail_api.h"

#include <map>
#include <utility>

#include "lib/base/json_writer.h"
#include "lib/http/query.h"
#include "server/history/trail_store.h"
#include "server/history/trail_text.h"

namespace meshcheck::server {
namespace {

using history::Trail;
// By moment: "opened" before "closed" in the answer.
using Texts = std::map<Trail::Moment, std::string>;

http::Response response_of(std::uint64_t id, const Texts& texts) {
  if (texts.empty()) {
    return http::Response::error(
        404, "Nothing is kept of the paths of verdict " + std::to_string(id) + ".");
  }
  std::string json = "{\"id\":" + std::to_string(id);
  for (const auto& [moment, text] : texts) {
    append_json_key(json, history::text(moment));
    json += text;
  }
  return http::Response::json(json + "}\n");
}

}  // namespace

http::Response get_verdict_paths(const HistoryAccess& access, const http::Request& request) {
  if (auto known = http::check_query_keys(request, {}); !known) {
    return http::Response::error(400, known.error().message());
  }
  const auto number = http::parameter_number(request);
  if (!number) return http::Response::error(400, "id: the number of a verdict is expected");
  const std::uint64_t id = *number;
  Texts texts = access.tables.trails.with([id](const VerdictTrails& trails) {
    Texts held;
    const auto take = [&](const auto& list) {
      for (const Trail& trail : list) {
        if (trail.verdict == id) held[trail.moment] = trail_json(trail);
      }
    };
    take(trails.ended);
    take(trails.followed);
    return held;
  });
  if (access.database == nullptr) return response_of(id, texts);
  const bool asked =
      access.database->read({access.thread, request.ticket},
                            [id, texts = std::move(texts)](store::Connection& database) mutable {
                              auto read = read_trails(database, id);
                              if (!read) return database_failed(read.error());
                              for (auto& [moment, text] : *read)
                                texts.try_emplace(moment, std::move(text));
                              return response_of(id, texts);
                            });
  return asked ? http::Response::answered_later() : database_busy();
}

}  // namespace meshcheck::server

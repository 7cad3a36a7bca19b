#include "server/mesh/grid_api.h"

#include <string_view>
#include <utility>

#include "lib/base/hex.h"
#include "lib/base/random.h"
#include "lib/http/content_coding.h"
#include "lib/http/query.h"
#include "mesh/table/mesh_grid.h"

namespace meshcheck::server {
namespace {

constexpr std::array<std::string_view, 2> kKeys = {"layer", "at"};
constexpr std::array kLayers = {mesh::Layer::kPod, mesh::Layer::kHost};
constexpr std::size_t kPiecePaths = 1024;  // Walked with the lock held: less than a millisecond.

// Another text for another grid; the time that a grid is of makes none.
std::string etag_of(std::string_view grid, std::string_view time) {
  const std::size_t at = grid.find(time);
  const std::uint64_t digest = hash(hash(0, grid.substr(0, at)), grid.substr(at + time.size()));
  return "W/\"" + to_hex(digest) + '"';
}

}  // namespace

std::array<mesh::MeshGrid, 2> GridAnswers::walk(Now time) const {
  std::array grids = {mesh::MeshGrid(mesh::Layer::kPod), mesh::MeshGrid(mesh::Layer::kHost)};
  std::optional<std::string> after = "";
  while (after) {
    after = mesh_.with([&](const mesh::Mesh& mesh) {
      const auto& zones = mesh.assigner.zones();
      std::string name;
      std::string_view zone;
      return mesh.table.visit(*after, kPiecePaths, time, [&](const mesh::PathView& path) {
        if (path.from_name != name) {  // The paths of an agent follow each other.
          name = path.from_name;
          const auto known = zones.find(name);
          zone = known == zones.end() ? std::string_view() : known->second;
        }
        grids.at(static_cast<std::size_t>(path.from.layer)).add(path, zone);
      });
    });
  }
  return grids;
}

GridAnswers::Made GridAnswers::write(mesh::MeshGrid& grid, Now time, std::string_view at) const {
  const std::string written = time_text(time.steady, time);
  std::string bytes = grid.write(written, at);
  std::string etag = etag_of(bytes, written);
  std::string compressed = http::gzip(bytes);
  bytes.shrink_to_fit();
  return {.plain = http::SharedBody(std::move(bytes), memory_),
          .gzip = http::SharedBody(std::move(compressed), memory_),
          .etag = std::move(etag),
          .at = time.steady};
}

GridAnswers::Grids GridAnswers::make(Now time) const {
  auto grids = walk(time);
  Grids made;
  for (std::size_t layer = 0; layer < made.size(); ++layer) {
    made.at(layer) = write(grids.at(layer), time);
  }
  return made;
}

void GridAnswers::remember(Now time) {
  auto grids = walk(time);
  for (std::size_t layer = 0; layer < grids.size(); ++layer) {
    memories_.at(layer).with(
        [&](mesh::GridMemory& memory) { memory.note(grids.at(layer), time.steady); });
  }
}

std::size_t GridAnswers::changes() {
  std::size_t sum = 0;
  for (auto& memory : memories_) {
    sum += memory.with([](const mesh::GridMemory& held) { return held.changes(); });
  }
  return sum;
}

http::Response GridAnswers::answer_at(const http::Request& request, mesh::Layer layer, WallTime at,
                                      Now time) {
  if (at > time.wall) return http::Response::error(400, "at: a time that is over is expected");
  std::optional<Clock::time_point> since;
  auto grid = memories_.at(static_cast<std::size_t>(layer)).with([&](const mesh::GridMemory& held) {
    since = held.since();
    // By the wall's times, as the difference of two that are centuries apart has no room.
    const bool known = since && at >= time.wall - (time.steady - *since);
    return known ? held.at(time.steady - (time.wall - at)) : std::nullopt;
  });
  if (!grid) {
    return http::Response::error(404, "at: the server remembers the mesh since " +
                                          (since ? time_text(*since, time) : "no time yet"));
  }
  return send(request, write(*grid, time, format_rfc3339(at)));
}

http::Response GridAnswers::send(const http::Request& request, Made made) {
  http::Response response;
  response.content_type = "application/octet-stream";
  response.headers = {{"ETag", made.etag}, {"Cache-Control", "no-cache"}};
  if (request.header("If-None-Match") == made.etag) {
    response.status = 304;
    response.headers.emplace_back("Vary", "Accept-Encoding");
    return response;
  }
  http::SharedBody& body = http::accepts_gzip(request) ? made.gzip : made.plain;
  if (&body == &made.gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.source_size = body.bytes().size();
  response.source = http::pieces_of(std::move(body));
  return response;
}

http::Response GridAnswers::answer(const http::Request& request) {
  if (auto known = http::check_query_keys(request, kKeys); !known) {
    return http::Response::error(400, known.error().message());
  }
  const auto asked = http::query_choice(request, "layer", kLayers);
  if (!asked) return http::Response::error(400, asked.error().message());
  const mesh::Layer layer = asked->value_or(mesh::Layer::kPod);
  const auto place = static_cast<std::size_t>(layer);
  const Now time = clock_();
  const auto at = http::query_time(request, "at", time.wall);
  if (!at) return http::Response::error(400, at.error().message());
  if (*at) return answer_at(request, layer, **at, time);
  Made made = last_.with([&](const Grids& held) { return held.at(place); });
  if (made.plain.bytes().empty() || time.steady - made.at > kAgeMax) {
    Grids fresh = make(time);
    made = fresh.at(place);
    // Those of before are freed behind the lock.
    last_.with([&](Grids& held) { std::swap(held, fresh); });
  }
  return send(request, std::move(made));
}

}  // namespace meshcheck::server

#include "server/mesh/grid_api.h"

#include <string_view>
#include <utility>

#include "lib/base/hex.h"
#include "lib/base/json_writer.h"
#include "lib/base/random.h"
#include "lib/http/content_coding.h"
#include "lib/http/query.h"
#include "mesh/table/mesh_grid.h"

namespace meshcheck::server {
namespace {

constexpr std::array<std::string_view, 2> kKeys = {"layer", "at"};
// A client says at least each 15 s that it listens: so often is it sent something.
constexpr std::chrono::seconds kListensFor{60};
constexpr std::size_t kPieceCells = 1024;  // Walked with the lock held: less than a millisecond.

// Another text for another grid; the time that a grid is of makes none, nor do the blanks that fill
// its line up, which are fewer behind a time with more digits.
std::string etag_of(std::string_view grid, std::string_view time) {
  const std::size_t at = grid.find(time);
  const std::size_t end = grid.find('\n');
  std::string_view line = grid.substr(at + time.size(), end - 1 - at - time.size());
  line = line.substr(0, line.find_last_not_of(' ') + 1);
  const std::uint64_t digest = hash(hash(hash(0, grid.substr(0, at)), line), grid.substr(end));
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
      return mesh.table.visit(*after, kPieceCells, time, [&](const mesh::PathView& path) {
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
  bytes.shrink_to_fit();
  return {.plain = http::SharedBody(std::move(bytes), memory_),
          .gzip = {},
          .etag = std::move(etag),
          .at = time.steady};
}

GridAnswers::Fresh GridAnswers::write(std::array<mesh::MeshGrid, 2> grids, Now time) const {
  Fresh fresh;
  for (std::size_t layer = 0; layer < grids.size(); ++layer) {
    fresh.cells.at(layer) = grids.at(layer).cells();
    fresh.grids.at(layer) = write(grids.at(layer), time);
  }
  return fresh;
}

bool GridAnswers::Held::listens(Clock::time_point now) const {
  return listened && now - *listened <= kListensFor;
}

std::string GridAnswers::event_of(const Held& held, const Fresh& fresh, std::size_t layer,
                                  Now time) {
  std::string json = "{";
  append_json_member(json, "time", time_text(time.steady, time));
  append_json_member(json, "layer", text(mesh::kLayers.at(layer)));
  append_json_member(json, "before", held.grids.at(layer).etag);
  append_json_member(json, "etag", fresh.grids.at(layer).etag);
  append_json_key(json, "cells");
  json +=
      mesh::changes_of(held.cells.at(layer), fresh.cells.at(layer), kChangesMax).value_or("null");
  return json + '}';
}

GridAnswers::Grids GridAnswers::publish(Fresh fresh, Now time) {
  // What was held before is freed behind the lock.
  return held_.with([&](Held& held) {
    if (held.grids.front().at > time.steady) return held.grids;
    if (held.listens(time.steady)) {
      for (std::size_t layer = 0; layer < held.feeds.size(); ++layer) {
        held.feeds.at(layer).add(event_of(held, fresh, layer, time));
      }
    }
    std::swap(held.grids, fresh.grids);
    std::swap(held.cells, fresh.cells);
    return held.grids;
  });
}

bool GridAnswers::remember(Now time) {
  auto grids = walk(time);
  for (std::size_t layer = 0; layer < grids.size(); ++layer) {
    memories_.at(layer).with(
        [&](mesh::GridMemory& memory) { memory.note(grids.at(layer), time.steady); });
  }
  if (!held_.with([&](const Held& held) { return held.listens(time.steady); })) return false;
  (void)publish(write(std::move(grids), time), time);
  return true;
}

std::optional<std::string> GridAnswers::listen(mesh::Layer layer,
                                               std::optional<std::uint64_t>& after) {
  const Clock::time_point now = clock_().steady;
  return held_.with([&](Held& held) {
    held.listened = now;
    return held.feeds.at(static_cast<std::size_t>(layer)).next(after);
  });
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
  Made made = write(*grid, time, format_rfc3339(at));
  if (http::accepts_gzip(request)) made.gzip = compressed(made.plain);
  return send(request, std::move(made));
}

http::SharedBody GridAnswers::compressed(const http::SharedBody& plain) const {
  return {http::gzip(plain.bytes()), memory_};
}

void GridAnswers::compress(Made& made, std::size_t layer) {
  made.gzip = compressed(made.plain);
  held_.with([&](Held& held) {
    Made& kept = held.grids.at(layer);
    if (kept.at == made.at) kept.gzip = made.gzip;
  });
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
  const bool gzip = !made.gzip.bytes().empty();
  http::SharedBody& body = gzip ? made.gzip : made.plain;
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.source_size = body.bytes().size();
  response.source = http::pieces_of(std::move(body));
  return response;
}

http::Response GridAnswers::answer(const http::Request& request) {
  if (auto known = http::check_query_keys(request, kKeys); !known) {
    return http::Response::error(400, known.error().message());
  }
  const auto asked = http::query_choice(request, "layer", mesh::kLayers);
  if (!asked) return http::Response::error(400, asked.error().message());
  const mesh::Layer layer = asked->value_or(mesh::Layer::kPod);
  const auto place = static_cast<std::size_t>(layer);
  const Now time = clock_();
  const auto at = http::query_time(request, "at", time.wall);
  if (!at) return http::Response::error(400, at.error().message());
  if (*at) return answer_at(request, layer, **at, time);
  Made made = held_.with([&](const Held& held) { return held.grids.at(place); });
  if (made.plain.bytes().empty() || time.steady - made.at > kAgeMax) {
    made = publish(write(walk(time), time), time).at(place);
  }
  if (!http::accepts_gzip(request)) {
    made.gzip = {};
  } else if (made.gzip.bytes().empty() && request.header("If-None-Match") != made.etag) {
    compress(made, place);
  }
  return send(request, std::move(made));
}

}  // namespace meshcheck::server

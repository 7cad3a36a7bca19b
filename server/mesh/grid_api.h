// GET /api/v1/mesh/grid: one layer of the mesh as a table of nodes by nodes, for pages.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/guarded.h"
#include "lib/base/time.h"
#include "lib/http/memory_budget.h"
#include "lib/http/message.h"
#include "lib/http/shared_body.h"
#include "mesh/table/grid_cells.h"
#include "mesh/table/grid_memory.h"
#include "mesh/table/mesh.h"
#include "mesh/table/mesh_grid.h"
#include "server/mesh/cell_feed.h"

namespace meshcheck::server {

// One grid a layer for all readers, made for a request when the last one is older than kAgeMax, and
// each kMemoryPeriod while somebody listens to what changes. Two network threads may make one each
// at the same moment. For all network threads.
class GridAnswers {
 public:
  static constexpr std::chrono::seconds kAgeMax{5};

  // `memory` is charged with the grids. All outlive this.
  GridAnswers(Guarded<mesh::Mesh>& mesh, http::MemoryBudget& memory,
              std::function<Now()> clock = now)
      : mesh_(mesh), memory_(memory), clock_(std::move(clock)) {}

  // `?layer=` is pod or host; without it, pod. 304 for a reader that has this grid. With `?at=` the
  // states of a past time, made for each reader; 404 for a time before those that are remembered.
  http::Response answer(const http::Request& request);

  // Remembers the states of now, for `?at=`. To be called each kMemoryPeriod, by one thread.
  // Whether listen() has news, which it never has if nobody called it for a minute.
  static constexpr std::chrono::seconds kMemoryPeriod{5};
  bool remember(Now time);
  std::size_t changes();  // That are remembered, of both layers.

  // For clients that listen to a layer: an event in JSON for each grid that followed another one.
  // `after` is the client's, and has nothing at its beginning; nothing if there are no more.
  static constexpr std::size_t kChangesMax = 2048;  // Of an event; a grid is smaller than more.
  std::optional<std::string> listen(mesh::Layer layer, std::optional<std::uint64_t>& after);

 private:
  struct Made {
    http::SharedBody plain;
    http::SharedBody gzip;
    std::string etag;  // Of both, so it is a weak one.
    Clock::time_point at;
  };

  using Grids = std::array<Made, 2>;  // By layer, here and below.
  using Cells = std::array<mesh::GridCells, 2>;
  struct Fresh {
    Grids grids;
    Cells cells;
  };
  struct Held {
    Grids grids;
    Cells cells;
    std::array<CellFeed, 2> feeds;
    std::optional<Clock::time_point> listened;  // The last listen().
    bool listens(Clock::time_point now) const;
  };

  // Both, since the walk of the mesh costs most, and a page reads both.
  std::array<mesh::MeshGrid, 2> walk(Now time) const;
  Made write(mesh::MeshGrid& grid, Now time, std::string_view at = {}) const;
  Fresh write(std::array<mesh::MeshGrid, 2> grids, Now time) const;
  // Gives them to all, and tells who listens. The later ones, if another thread made some.
  Grids publish(Fresh fresh, Now time);
  static std::string event_of(const Held& held, const Fresh& fresh, std::size_t layer, Now time);
  http::SharedBody compressed(const http::SharedBody& plain) const;
  // Once for all who take gzip.
  void compress(Made& made, std::size_t layer);
  static http::Response send(const http::Request& request, Made made);
  http::Response answer_at(const http::Request& request, mesh::Layer layer, WallTime at, Now time);

  Guarded<mesh::Mesh>& mesh_;
  http::MemoryBudget& memory_;
  const std::function<Now()> clock_;
  Guarded<Held> held_;
  std::array<Guarded<mesh::GridMemory>, 2> memories_{Guarded<mesh::GridMemory>(mesh::Layer::kPod),
                                                     Guarded<mesh::GridMemory>(mesh::Layer::kHost)};
};

}  // namespace meshcheck::server

// GET /api/v1/mesh/grid: one layer of the mesh as a table of nodes by nodes, for pages.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "lib/base/guarded.h"
#include "lib/base/time.h"
#include "lib/http/memory_budget.h"
#include "lib/http/message.h"
#include "lib/http/shared_body.h"
#include "mesh/table/mesh.h"

namespace meshcheck::server {

// One grid a layer for all readers, made for a request when the last one is older than kAgeMax. Two
// network threads may make one each at the same moment. For all network threads.
class GridAnswers {
 public:
  static constexpr std::chrono::seconds kAgeMax{5};

  // `memory` is charged with the grids. All outlive this.
  GridAnswers(Guarded<mesh::Mesh>& mesh, http::MemoryBudget& memory,
              std::function<Now()> clock = now)
      : mesh_(mesh), memory_(memory), clock_(std::move(clock)) {}

  // `?layer=` is pod or host; without it, pod. 304 for a reader that has this grid.
  http::Response answer(const http::Request& request);

 private:
  struct Made {
    http::SharedBody plain;
    http::SharedBody gzip;
    std::string etag;  // Of both, so it is a weak one.
    Clock::time_point at;
  };

  using Grids = std::array<Made, 2>;  // By layer.

  // Both, since the walk of the mesh costs most, and a page reads both.
  Grids make(Now time) const;

  Guarded<mesh::Mesh>& mesh_;
  http::MemoryBudget& memory_;
  const std::function<Now()> clock_;
  Guarded<Grids> last_;
};

}  // namespace meshcheck::server

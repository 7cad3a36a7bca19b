// The trails of verdicts' paths in the database.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/store/connection.h"
#include "mesh/history/path_trails.h"

namespace meshcheck::server {

// `json` is that of trail_text.h. One of the same verdict and moment is overwritten.
struct TrailRow {
  std::uint64_t verdict = 0;
  history::Trail::Moment moment = history::Trail::Moment::kOpened;
  std::string json;
};
// Also deletes those of verdicts that are not kept any more.
Result<void> write_trails(store::Connection& database, const std::vector<TrailRow>& rows);

// Damaged rows are left out.
Result<std::vector<std::pair<history::Trail::Moment, std::string>>> read_trails(
    store::Connection& database, std::uint64_t verdict);

}  // namespace meshcheck::server

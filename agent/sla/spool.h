// Episodes that the server does not have yet, in SQLite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/base/result.h"
#include "lib/store/connection.h"
#include "mesh/sla/episode.h"

namespace meshcheck::agent {

// How much is kept. At either bound the oldest episodes are dropped.
struct SpoolBounds {
  std::chrono::hours age_max{24};
  std::size_t size_max = std::size_t{64} << 20U;  // Bytes of the database that are in use.
};

// Functions on the database, for its thread. Each runs inside a transaction of the caller's.
namespace spool {

struct Batch {
  std::vector<sla::Episode> episodes;  // Whole slots, the oldest first.
  std::int64_t last_id = 0;            // Later episodes are not part of it.
};

Result<void> prepare(store::Connection& database);
// Then drops the oldest episodes beyond the bounds; returns how many. Of two episodes of one probe
// and slot, as after the clock was set back, the later one counts.
Result<std::uint64_t> put(store::Connection& database, const std::vector<sla::Episode>& episodes,
                          SpoolBounds bounds);
// The oldest slots that fit into `episodes_max`. Empty: there is nothing. REQUIRES: each slot has
// fewer than `episodes_max` episodes; a list of checks makes at most 2 * sla::kChecksMax.
Result<Batch> oldest(store::Connection& database, std::size_t episodes_max);
Result<void> erase(store::Connection& database, const Batch& batch);
// Drops at least `episodes` of the oldest, in whole slots: makes room on a full disk. Returns how
// many.
Result<std::uint64_t> drop_oldest(store::Connection& database, std::size_t episodes);

}  // namespace spool
}  // namespace meshcheck::agent

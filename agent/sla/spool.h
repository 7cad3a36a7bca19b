// What the server has not got yet: episodes in SQLite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/base/result.h"
#include "lib/store/connection.h"
#include "mesh/sla/episode.h"

namespace meshcheck::agent {

// How much of it is kept. Whichever bound is reached, the oldest goes.
struct SpoolBounds {
  std::chrono::hours age_max{24};
  std::size_t size_max = std::size_t{64} << 20U;  // Bytes of the database that are in use.
};

// Functions on the database, for its thread. Each runs inside a transaction of the caller's.
namespace spool {

struct Batch {
  std::vector<sla::Episode> episodes;  // Whole slots, the oldest first.
  std::int64_t last_id = 0;            // What came later is not of it.
};

Result<void> prepare(store::Connection& database);
// Then drops what is beyond the bounds; how many episodes that were. Of two episodes of one probe
// and slot the later one counts, as after the clock was set back.
Result<std::uint64_t> put(store::Connection& database, const std::vector<sla::Episode>& episodes,
                          SpoolBounds bounds);
// The oldest slots that fit into `episodes_max`. Empty: there is nothing. REQUIRES: no slot is as
// long; a list of checks makes at most 2 * sla::kChecksMax.
Result<Batch> oldest(store::Connection& database, std::size_t episodes_max);
Result<void> erase(store::Connection& database, const Batch& batch);
// At least so many of the oldest episodes, in whole slots: room for others on a full disk.
Result<std::uint64_t> drop_oldest(store::Connection& database, std::size_t episodes);

}  // namespace spool
}  // namespace meshcheck::agent

// Verdicts in the database.
#pragma once

#include <vector>

#include "lib/base/result.h"
#include "lib/store/connection.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

// Those that are open behind those that are closed, which come in the order they ended.
Result<std::vector<VerdictRecord>> read_verdicts(store::Connection& database);
Result<void> write_verdicts(store::Connection& database, const VerdictPublisher::Changes& changes);

}  // namespace meshcheck::server

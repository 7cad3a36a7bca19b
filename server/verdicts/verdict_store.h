// Verdicts in the database.
#pragma once

#include <vector>

#include "lib/base/result.h"
#include "lib/store/connection.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

// Returns the closed verdicts in the order they ended, then the open ones.
Result<std::vector<VerdictRecord>> read_verdicts(store::Connection& database);
Result<void> write_verdicts(store::Connection& database, const VerdictPublisher::Changes& changes);

}  // namespace meshcheck::server

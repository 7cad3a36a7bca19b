// SQLite's last failure as a sentence that names the file and what to do. For lib/store only.
#pragma once

#include "lib/base/error.h"

struct sqlite3;

namespace meshcheck::store {

Error sqlite_error(sqlite3* connection);

}  // namespace meshcheck::store

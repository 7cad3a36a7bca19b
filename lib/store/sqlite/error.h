// SQLite's last failure as a sentence that names the file and what to do.
#pragma once

#include <string>

#include "lib/base/error.h"

struct sqlite3;

namespace meshcheck::store::sqlite {

// As SQLite names the file: an absolute path, or ":memory:".
std::string name_of(sqlite3* connection);

// Without the name.
std::string explain(sqlite3* connection);
Error last_error(sqlite3* connection);

}  // namespace meshcheck::store::sqlite

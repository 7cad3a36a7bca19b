// How a database gets the tables that this program expects.
#pragma once

#include <span>
#include <string_view>

#include "lib/store/connection.h"

namespace meshcheck::store {

// One step from the schema before it to its own. Never edited once released: the next change is
// the next number. It must not begin or commit by itself.
struct Migration {
  int number;
  std::string_view sql;
};

// Applies the migrations that the database lacks, in order, one transaction each; the database
// holds the number of the last (SQLite: PRAGMA user_version). `migrations` is numbered 1 to n.
// Refuses a database that a newer version of the program has written, and one that another program
// has made.
Result<void> migrate(Connection& database, std::span<const Migration> migrations);

}  // namespace meshcheck::store

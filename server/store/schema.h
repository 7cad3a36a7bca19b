// All tables of the server's database, and the migrations of older files.
#pragma once

#include <span>

#include "lib/base/result.h"
#include "lib/store/connection.h"
#include "lib/store/migrations.h"

namespace meshcheck::server {

// Numbered from 1; together they make an empty database this program's. doc/operate/storage.md
// describes the tables.
std::span<const store::Migration> schema_migrations();

// Applies the migrations that `database` lacks. The error is store::migrate()'s. On the database's
// thread.
Result<void> update_schema(store::Connection& database);

}  // namespace meshcheck::server

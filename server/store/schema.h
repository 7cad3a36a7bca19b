// All tables of the server's database, and how an older file comes by them.
#pragma once

#include <span>

#include "lib/base/result.h"
#include "lib/store/connection.h"
#include "lib/store/migrations.h"

namespace meshcheck::server {

// Numbered from 1; together they make an empty database this program's. doc/operate/storage.md
// describes the tables.
std::span<const store::Migration> schema_migrations();

// Applies what `database` lacks. The error is store::migrate()'s. On the database's thread.
Result<void> update_schema(store::Connection& database);

}  // namespace meshcheck::server

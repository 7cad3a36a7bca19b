#include "lib/store/migrations.h"

#include <cassert>
#include <string>

#include "lib/store/transaction.h"

namespace meshcheck::store {
namespace {

Result<std::int64_t> number_from(Connection& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) return statement.error();
  auto row = statement->step();
  if (!row) return row.error();
  return *row ? statement->int64(0) : 0;
}

Result<void> apply(Connection& database, const Migration& migration) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  if (auto changed = database.exec(std::string(migration.sql)); !changed) return changed;
  const std::string number = std::to_string(migration.number);
  if (auto noted = database.exec("PRAGMA user_version = " + number); !noted) return noted;
  return transaction->commit();
}

}  // namespace

Result<void> migrate(Connection& database, std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    assert(migrations[i].number == static_cast<int>(i) + 1 && "migrations are numbered 1 to n");
  }
  const auto version = number_from(database, "PRAGMA user_version");
  if (!version) return version.error();
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (*version > known) {
    return Error("written by a newer version of this program (schema " + std::to_string(*version) +
                 ", this one knows " + std::to_string(known) +
                 "); run that version again, or give another file")
        .within(database.path());
  }
  const auto tables = number_from(database, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*version < 0 || (*version == 0 && *tables > 0)) {
    return Error("a database of another program; give another file").within(database.path());
  }
  for (const Migration& migration : migrations.subspan(static_cast<std::size_t>(*version))) {
    auto applied = apply(database, migration);
    if (!applied) {
      return applied.error().within("migration " + std::to_string(migration.number));
    }
  }
  return {};
}

}  // namespace meshcheck::store

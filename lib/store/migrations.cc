#include "lib/store/migrations.h"

#include <cassert>
#include <string>

#include "lib/store/transaction.h"

namespace meshcheck::store {
namespace {

Result<void> apply(Connection& database, const Migration& migration) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  if (auto changed = database.exec(std::string(migration.sql)); !changed) return changed;
  auto noted = database.driver().set_schema_number(migration.number);
  if (!noted) return noted;
  return transaction->commit();
}

}  // namespace

Result<void> migrate(Connection& database, std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    assert(migrations[i].number == static_cast<int>(i) + 1 && "migrations are numbered 1 to n");
  }
  const auto version = database.driver().schema_number();
  if (!version) return version.error();
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (*version > known) {
    return Error("written by a newer version of this program (schema " + std::to_string(*version) +
                 ", this one knows " + std::to_string(known) +
                 "); run that version again, or give another file")
        .within(database.name());
  }
  const auto tables = database.driver().has_tables();
  if (!tables) return tables.error();
  if (*version < 0 || (*version == 0 && *tables)) {
    return Error("a database of another program; give another file").within(database.name());
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

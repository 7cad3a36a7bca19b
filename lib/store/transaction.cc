#include "lib/store/transaction.h"

#include <cassert>
#include <utility>

namespace meshcheck::store {

Result<Transaction> Transaction::begin(Connection& database) {
  const bool nested = database.in_transaction();
  // One name is enough for all savepoints, since the innermost is meant.
  auto begun = nested ? database.exec("SAVEPOINT nested") : database.driver().begin();
  if (!begun) return begun.error();
  return Transaction(database, nested);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)), nested_(other.nested_) {}

Transaction::~Transaction() {
  if (database_ == nullptr || !database_->in_transaction()) return;
  // Fails only if the database has rolled back by itself, which is what we want.
  static_cast<void>(database_->exec(nested_ ? "ROLLBACK TO nested; RELEASE nested" : "ROLLBACK"));
}

Result<void> Transaction::commit() {
  assert(database_ != nullptr && "committed twice");
  auto committed = database_->exec(nested_ ? "RELEASE nested" : "COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace meshcheck::store

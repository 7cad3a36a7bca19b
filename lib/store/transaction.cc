#include "lib/store/transaction.h"

#include <cassert>
#include <utility>

namespace meshcheck::store {

Result<Transaction> Transaction::begin(Connection& database) {
  const bool nested = database.in_transaction();
  // IMMEDIATE: a foreign writer is met here, where waiting is safe, and not in the middle. One name
  // is enough for all savepoints, since SQLite takes the innermost.
  const char* const outermost = database.reads_only() ? "BEGIN" : "BEGIN IMMEDIATE";
  auto begun = database.exec(nested ? "SAVEPOINT nested" : outermost);
  if (!begun) return begun.error();
  return Transaction(database, nested);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)), nested_(other.nested_) {}

Transaction::~Transaction() {
  if (database_ == nullptr || !database_->in_transaction()) return;
  // Fails only if SQLite has rolled back by itself, which is what we want.
  static_cast<void>(database_->exec(nested_ ? "ROLLBACK TO nested; RELEASE nested" : "ROLLBACK"));
}

Result<void> Transaction::commit() {
  assert(database_ != nullptr && "committed twice");
  auto committed = database_->exec(nested_ ? "RELEASE nested" : "COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace meshcheck::store

// A transaction of the database.
#pragma once

#include "lib/base/result.h"
#include "lib/store/connection.h"

namespace meshcheck::store {

// Everything between begin() and commit() happens or nothing does. Inside another Transaction it is
// a savepoint: rolling it back leaves the outer one as it was. Transactions nest like blocks, and
// the Connection must stay where it is while one is open.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& database);

  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();  // Rolls back unless committed.

  // The outermost one is on disk when this succeeds.
  Result<void> commit();

 private:
  Transaction(Connection& database, bool nested) : database_(&database), nested_(nested) {}

  Connection* database_;  // Null when there is nothing left to roll back.
  bool nested_;
};

}  // namespace meshcheck::store

// A connection to a database of any kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/result.h"
#include "lib/store/driver/driver.h"
#include "lib/store/statement.h"

namespace meshcheck::store {

// Unless it only reads, it owns the database: no second Connection writes that, in this process or
// another, until this one is destroyed. Belongs to one thread at a time; a Worker takes it to a
// thread of its own. Calls block on the disk, and for `busy_timeout` on a foreign process that
// writes.
class Connection {
 public:
  // A SQLite file, or ":memory:"; lib/store/sqlite/connection.h says how a path is opened. The
  // error names the file and the fix.
  static Result<Connection> open(const std::string& path, driver::Options options = {});

  explicit Connection(std::unique_ptr<driver::Connection> driver) : driver_(std::move(driver)) {}
  Connection(Connection&&) = default;
  Connection& operator=(Connection&&) = delete;
  ~Connection() = default;

  // Any number of statements separated by semicolons, without parameters and results.
  Result<void> exec(const std::string& sql);
  // The first statement of `sql`. A statement owned by the caller.
  Result<Statement> prepare(std::string_view sql);
  // The same, prepared once and owned by the Connection: reset, its bindings cleared, usable until
  // the next call with the same text. `sql` must be one of the program's own, constant texts: at
  // most kCachedMax different ones.
  Result<Statement*> cached(std::string_view sql);

  // Checks that the database is still where it was opened. True: it had been deleted, and was
  // written there anew. An error: another one is there. Ends statements. Not within a transaction.
  Result<bool> keep_in_place();

  // How errors name the database: a file's absolute path, or ":memory:".
  std::string name() const { return driver_->name(); }
  // How many rows the last INSERT, UPDATE or DELETE touched.
  std::int64_t changed() const { return driver_->changed(); }
  // False also when the database itself has rolled back: on a full disk it does so by its own
  // decision.
  bool in_transaction() const { return driver_->in_transaction(); }

  // For transaction.h and migrations.h alone.
  driver::Connection& driver() { return *driver_; }

  static constexpr std::size_t kCachedMax = 256;

 private:
  std::unique_ptr<driver::Connection> driver_;
  std::map<std::string, Statement, std::less<>> cache_;
};

}  // namespace meshcheck::store

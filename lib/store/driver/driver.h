// The interface of a kind of database to the rest of lib/store.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "lib/base/result.h"

// Callers use connection.h, statement.h and transaction.h of lib/store, which document what each
// function promises. All belong to the thread of their connection.
namespace meshcheck::store::driver {

struct Options {
  // How long a call waits for a foreign process that writes.
  std::chrono::milliseconds busy_timeout{5000};
  // A second connection beside the one that writes, in this process or another: it takes no lock
  // and finds the data as they were at the last commit. Of a file, not of ":memory:".
  bool read_only = false;
};

using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view,
                           std::span<const std::uint8_t>>;

// A prepared statement. May outlive its connection, but is not used any more then.
class Statement {
 public:
  virtual ~Statement() = default;

  // Copies the value. One that the database refuses is the error of the next step().
  virtual void bind(int parameter, const Value& value) = 0;
  // All parameters are NULL again.
  virtual void clear_bindings() = 0;
  // False at the end, and an error, leave the statement reset.
  virtual Result<bool> step() = 0;
  virtual void reset() = 0;

  virtual std::int64_t int64(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual std::span<const std::uint8_t> blob(int column) const = 0;
  virtual bool is_null(int column) const = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;

  virtual Result<void> exec(const std::string& sql) = 0;
  virtual Result<std::unique_ptr<Statement>> prepare(std::string_view sql) = 0;
  // Begins an outermost transaction. Fails at once if another process holds the lock for writing.
  // SAVEPOINT, RELEASE, ROLLBACK and COMMIT are every database's.
  virtual Result<void> begin() = 0;

  // Checks that the database is where it was opened. One that has been deleted under the program is
  // written there anew, with all its data: then returns true, and earlier statements must not be
  // used any more. An error: another one is there, or it cannot be written. Not within a
  // transaction.
  virtual Result<bool> keep_in_place() = 0;

  // How errors name it: a file's absolute path, ":memory:", a server's address.
  virtual std::string name() const = 0;
  virtual std::int64_t changed() const = 0;
  virtual bool in_transaction() const = 0;

  // For migrations: the number of the last one, 0 before the first.
  virtual Result<std::int64_t> schema_number() = 0;
  virtual Result<void> set_schema_number(std::int64_t number) = 0;
  virtual Result<bool> has_tables() = 0;
};

}  // namespace meshcheck::store::driver

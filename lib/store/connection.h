// A SQLite database: one connection with the durability that doc/operate/storage.md promises.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/result.h"
#include "lib/store/file_lock.h"
#include "lib/store/statement.h"

namespace meshcheck::store {

// Owns the file unless it only reads: no second Connection writes it, in this process or another,
// until this one is destroyed. Belongs to one thread at a time; a Worker takes it to a thread of
// its own. Calls block on the disk, and for `busy_timeout` on a foreign process (a sqlite3 shell)
// that writes.
class Connection {
 public:
  struct Options {
    std::chrono::milliseconds busy_timeout{5000};
    // A second connection beside the one that writes, in this process or another: it takes no lock
    // and finds the file as it was at the last commit. Of a file, not of ":memory:".
    bool read_only = false;
  };
  // Makes the file if there is none, unless it only reads; its directory must exist. ":memory:" is
  // a database that nobody shares and nothing keeps. The error names the file and the fix.
  static Result<Connection> open(const std::string& path, Options options);
  static Result<Connection> open(const std::string& path) { return open(path, Options()); }

  Connection(Connection&&) = default;
  Connection& operator=(Connection&&) = delete;
  ~Connection() = default;

  // Any number of statements separated by semicolons, without parameters and results.
  Result<void> exec(const std::string& sql);
  // The first statement of `sql`. A statement owned by the caller.
  Result<Statement> prepare(std::string_view sql);
  // The same, prepared once and owned by the Connection: reset, its bindings cleared, usable until
  // somebody asks for the same text again. `sql` must be one of the program's own, constant texts:
  // at most kCachedMax different ones.
  Result<Statement*> cached(std::string_view sql);

  // As SQLite names the file: an absolute path, or ":memory:".
  std::string path() const;
  // How many rows the last INSERT, UPDATE or DELETE touched, and the last inserted row's id.
  std::int64_t changed() const;
  std::int64_t last_row_id() const;
  bool reads_only() const;
  // False also when SQLite itself has rolled back: on a full disk it does so by its own decision.
  bool in_transaction() const;

  static constexpr std::size_t kCachedMax = 256;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  Connection(FileLock lock, std::unique_ptr<sqlite3, Close> connection)
      : lock_(std::move(lock)), connection_(std::move(connection)) {}
  Result<void> configure(Options options);

  FileLock lock_;
  std::unique_ptr<sqlite3, Close> connection_;
  std::map<std::string, Statement, std::less<>> cache_;
};

}  // namespace meshcheck::store

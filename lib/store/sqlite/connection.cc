#include "lib/store/sqlite/connection.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <utility>

#include "lib/store/sqlite/error.h"
#include "lib/store/sqlite/file_lock.h"
#include "lib/store/sqlite/statement.h"

namespace meshcheck::store::sqlite {
namespace {

// FULL: the log is on disk before a commit returns. The temporary store is in memory because a
// container's root is often read-only. The size limit cuts the log back after a burst.
constexpr const char* kSettings =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA journal_size_limit = 16777216;";

constexpr const char* kReaderSettings = "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;";

struct Close {
  void operator()(sqlite3* connection) const {
    // A statement that outlives the connection keeps a dead one instead of a dangling one.
    sqlite3_close_v2(connection);
  }
};
using Handle = std::unique_ptr<sqlite3, Close>;

class Connection : public driver::Connection {
 public:
  Connection(FileLock lock, Handle handle, bool read_only)
      : lock_(std::move(lock)), handle_(std::move(handle)), read_only_(read_only) {}

  Result<void> configure(std::chrono::milliseconds busy_timeout);

  Result<void> exec(const std::string& sql) override;
  Result<std::unique_ptr<driver::Statement>> prepare(std::string_view sql) override;
  Result<void> begin() override;
  std::string name() const override { return name_of(handle_.get()); }
  std::int64_t changed() const override { return sqlite3_changes64(handle_.get()); }
  bool in_transaction() const override { return sqlite3_get_autocommit(handle_.get()) == 0; }
  Result<std::int64_t> schema_number() override { return number_from("PRAGMA user_version"); }
  Result<void> set_schema_number(std::int64_t number) override;
  Result<bool> has_tables() override;

 private:
  Result<std::int64_t> number_from(std::string_view sql);

  FileLock lock_;
  Handle handle_;
  bool read_only_;
};

Result<void> Connection::configure(std::chrono::milliseconds busy_timeout) {
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(busy_timeout.count()));
  if (read_only_) return exec(kReaderSettings);
  // SQLite falls back to reading when it may not write, and says so only at the first write.
  if (sqlite3_db_readonly(handle_.get(), "main") == 1) {
    return Error("not writable by user " + std::to_string(geteuid()) +
                 "; change its owner or mode, or give another path")
        .within(name());
  }
  return exec(kSettings);
}

Result<void> Connection::exec(const std::string& sql) {
  const int status = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return last_error(handle_.get());
  return {};
}

Result<std::unique_ptr<driver::Statement>> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int status = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  std::unique_ptr<driver::Statement> statement = std::make_unique<Statement>(raw);
  if (status != SQLITE_OK) return last_error(handle_.get());
  assert(raw != nullptr && "no statement in this text");
  return statement;
}

// IMMEDIATE: a foreign writer is met here, where waiting is safe, and not in the middle.
Result<void> Connection::begin() {
  return exec(read_only_ ? "BEGIN" : "BEGIN IMMEDIATE");
}

Result<std::int64_t> Connection::number_from(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto row = (*statement)->step();
  if (!row) return row.error();
  return *row ? (*statement)->int64(0) : 0;
}

Result<void> Connection::set_schema_number(std::int64_t number) {
  return exec("PRAGMA user_version = " + std::to_string(number));
}

Result<bool> Connection::has_tables() {
  const auto tables = number_from("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  return *tables > 0;
}

Result<void> check_path(const std::string& path) {
  if (path.empty()) return Error("the path of the database is empty; give the name of a file");
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return Error("is a directory; give the name of a file in it").within(path);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<driver::Connection>> open(const std::string& path, driver::Options options) {
  const bool in_memory = path == ":memory:";
  if (auto checked = check_path(path); !checked) return checked.error();
  auto taken = in_memory || options.read_only ? Result<FileLock>(FileLock()) : FileLock::take(path);
  if (!taken) return taken.error();
  sqlite3* raw = nullptr;
  const int access =
      options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int status = sqlite3_open_v2(path.c_str(), &raw,
                                     access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Handle handle(raw);
  if (status != SQLITE_OK) return Error(explain(raw)).within(path);
  auto connection =
      std::make_unique<Connection>(*std::move(taken), std::move(handle), options.read_only);
  auto configured = connection->configure(options.busy_timeout);
  if (!configured) return configured.error();
  return std::unique_ptr<driver::Connection>(std::move(connection));
}

}  // namespace meshcheck::store::sqlite

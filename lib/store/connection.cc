#include "lib/store/connection.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cstring>
#include <utility>

#include "lib/store/sqlite_error.h"

namespace meshcheck::store {
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

std::string name_of(sqlite3* connection) {
  const char* const name = sqlite3_db_filename(connection, "main");
  return name == nullptr || *name == '\0' ? ":memory:" : name;
}

// The reason, where SQLite has kept it: it does not for what fails inside COMMIT.
std::string reason(sqlite3* connection) {
  const int error_number = sqlite3_system_errno(connection);
  if (error_number == 0) return sqlite3_errmsg(connection);
  return std::string(sqlite3_errmsg(connection)) + ", " + std::strerror(error_number);
}

std::string explain(sqlite3* connection) {
  std::string message = sqlite3_errmsg(connection);
  switch (sqlite3_errcode(connection) & 0xff) {
    case SQLITE_FULL:
      return "the disk is full; free space or enlarge the volume";
    case SQLITE_IOERR:
      return reason(connection) + "; check the volume for a quota, a size limit or a broken disk";
    case SQLITE_NOTADB:
      return "not a SQLite database; move the file away or give another path";
    case SQLITE_CORRUPT:
      return message + "; restore a backup, or move the file away to start empty";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "locked by another process; close it (a sqlite3 shell in a transaction?)";
    case SQLITE_READONLY:
      return "not writable by user " + std::to_string(geteuid()) +
             "; change the owner or mode of the file and its directory";
    case SQLITE_CANTOPEN:
      return reason(connection) + "; check that it is a file that user " +
             std::to_string(geteuid()) + " may write";
    default:
      return message;
  }
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

Error sqlite_error(sqlite3* connection) {
  return Error(explain(connection)).within(name_of(connection));
}

void Connection::Close::operator()(sqlite3* connection) const {
  // A statement that outlives the Connection keeps a dead connection instead of a dangling one.
  sqlite3_close_v2(connection);
}

Result<Connection> Connection::open(const std::string& path, Options options) {
  const bool in_memory = path == ":memory:";
  if (auto checked = check_path(path); !checked) return checked.error();
  auto taken = in_memory || options.read_only ? Result<FileLock>(FileLock()) : FileLock::take(path);
  if (!taken) return taken.error();
  sqlite3* raw = nullptr;
  const int access =
      options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int status = sqlite3_open_v2(path.c_str(), &raw,
                                     access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  std::unique_ptr<sqlite3, Close> connection(raw);
  if (status != SQLITE_OK) return Error(explain(raw)).within(path);
  Connection database(*std::move(taken), std::move(connection));
  if (auto configured = database.configure(options); !configured) return configured.error();
  return database;
}

Result<void> Connection::configure(Options options) {
  sqlite3* const connection = connection_.get();
  sqlite3_busy_timeout(connection, static_cast<int>(options.busy_timeout.count()));
  if (options.read_only) return exec(kReaderSettings);
  // SQLite falls back to reading when it may not write, and says so only at the first write.
  if (sqlite3_db_readonly(connection, "main") == 1) {
    return Error("not writable by user " + std::to_string(geteuid()) +
                 "; change its owner or mode, or give another path")
        .within(name_of(connection));
  }
  return exec(kSettings);
}

Result<void> Connection::exec(const std::string& sql) {
  const int status = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return sqlite_error(connection_.get());
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int status = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement(raw);
  if (status != SQLITE_OK) return sqlite_error(connection_.get());
  assert(raw != nullptr && "no statement in this text");
  return statement;
}

Result<Statement*> Connection::cached(std::string_view sql) {
  auto found = cache_.find(sql);
  if (found == cache_.end()) {
    assert(cache_.size() < kCachedMax && "texts that vary belong to prepare()");
    auto prepared = prepare(sql);
    if (!prepared) return prepared.error();
    found = cache_.emplace(std::string(sql), *std::move(prepared)).first;
  }
  Statement& statement = found->second;
  statement.reset();
  sqlite3_clear_bindings(statement.statement_.get());
  return &statement;
}

std::string Connection::path() const {
  return name_of(connection_.get());
}

std::int64_t Connection::changed() const {
  return sqlite3_changes64(connection_.get());
}

std::int64_t Connection::last_row_id() const {
  return sqlite3_last_insert_rowid(connection_.get());
}

bool Connection::reads_only() const {
  return sqlite3_db_readonly(connection_.get(), "main") == 1;
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(connection_.get()) == 0;
}

}  // namespace meshcheck::store

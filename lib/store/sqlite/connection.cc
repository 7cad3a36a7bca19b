#include "lib/store/sqlite/connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "lib/base/file_stamp.h"
#include "lib/store/sqlite/error.h"
#include "lib/store/sqlite/file_lock.h"
#include "lib/store/sqlite/statement.h"

namespace meshcheck::store::sqlite {
namespace {

// FULL: the log is on disk before a commit returns. The temporary store is in memory because a
// container's root is often read-only. The size limit cuts the log back after a burst. The last one
// reads and so opens the log, which SQLite cannot once the file is deleted.
constexpr const char* kSettings =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA journal_size_limit = 16777216;"
    "PRAGMA schema_version;";

constexpr const char* kReaderSettings = "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;";

struct Close {
  void operator()(sqlite3* connection) const {
    // A statement that outlives the connection keeps a dead one instead of a dangling one.
    sqlite3_close_v2(connection);
  }
};
using Handle = std::unique_ptr<sqlite3, Close>;

struct File {
  dev_t device = 0;
  ino_t inode = 0;
  mode_t mode = 0;

  bool is(const std::optional<File>& other) const {
    return other && device == other->device && inode == other->inode;
  }
};

// Nothing: there is none.
Result<std::optional<File>> file_at(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    return std::optional<File>({status.st_dev, status.st_ino, status.st_mode});
  }
  if (errno == ENOENT) return std::optional<File>();
  return Error::from_errno("stat " + path, errno);
}

class Connection : public driver::Connection {
 public:
  // `path` is empty in memory.
  Connection(std::string path, FileLock lock, Handle handle, std::optional<File> file,
             driver::Options options)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        handle_(std::move(handle)),
        file_(file),
        options_(options) {}

  Result<void> exec(const std::string& sql) override;
  Result<std::unique_ptr<driver::Statement>> prepare(std::string_view sql) override;
  Result<void> begin() override;
  Result<bool> keep_in_place() override;
  std::string name() const override { return name_of(handle_.get()); }
  std::int64_t changed() const override { return sqlite3_changes64(handle_.get()); }
  bool in_transaction() const override { return sqlite3_get_autocommit(handle_.get()) == 0; }
  Result<std::int64_t> schema_number() override { return number_from("PRAGMA user_version"); }
  Result<void> set_schema_number(std::int64_t number) override;
  Result<bool> has_tables() override;

 private:
  Result<std::int64_t> number_from(std::string_view sql);
  // Writes a copy of all that the deleted file has to its place.
  Result<void> write_anew();
  // Goes on with the file that is there now; as before if that fails.
  Result<void> open_anew(const File& file);

  std::string path_;
  FileLock lock_;
  Handle handle_;
  std::optional<File> file_;  // That is open.
  std::optional<File> copy_;  // That was put in its place last.
  driver::Options options_;
};

Result<Handle> open_handle(const std::string& path, const driver::Options& options) {
  sqlite3* raw = nullptr;
  const int access =
      options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int status = sqlite3_open_v2(path.c_str(), &raw,
                                     access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Handle handle(raw);
  if (status != SQLITE_OK) return Error(explain(raw)).within(path);
  return handle;
}

Result<void> sync_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  return synced ? Result<void>() : Error::from_errno("fsync " + path, error);
}

Result<void> exec_on(sqlite3* handle, const char* sql) {
  const int status = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return last_error(handle);
  return {};
}

Result<void> configure(sqlite3* handle, const driver::Options& options) {
  sqlite3_busy_timeout(handle, static_cast<int>(options.busy_timeout.count()));
  if (options.read_only) return exec_on(handle, kReaderSettings);
  // SQLite falls back to reading when it may not write, and says so only at the first write.
  if (sqlite3_db_readonly(handle, "main") == 1) {
    return Error("not writable by user " + std::to_string(geteuid()) +
                 "; change its owner or mode, or give another path")
        .within(name_of(handle));
  }
  return exec_on(handle, kSettings);
}

Result<void> Connection::exec(const std::string& sql) {
  return exec_on(handle_.get(), sql.c_str());
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
  return exec(options_.read_only ? "BEGIN" : "BEGIN IMMEDIATE");
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

Result<bool> Connection::keep_in_place() {
  if (path_.empty()) return false;
  const auto now = file_at(path_);
  if (!now) return now.error();
  if (*now && (*now)->is(file_)) {
    file_ = *now;  // Its mode may have been changed.
    return false;
  }
  if (options_.read_only) {
    if (!*now) return false;  // Who only reads waits for who writes.
    auto opened = open_anew(**now);
    return opened ? Result<bool>(true) : opened.error();
  }
  if (*now && !(*now)->is(copy_)) {
    return Error("another file was put in its place; start the server anew to use that")
        .within(path_);
  }
  if (!*now) {
    if (auto written = write_anew(); !written) return written.error().within("it was deleted");
  }
  // Here again if something below failed before.
  const std::string directory = std::filesystem::path(path_).parent_path();
  if (auto synced = sync_file(directory.empty() ? "." : directory); !synced) return synced.error();
  if (auto opened = open_anew(*copy_); !opened) return opened.error();
  return true;
}

// Makes the file, which VACUUM INTO fills: nobody else reads it meanwhile, nor afterwards if nobody
// could before.
Result<std::optional<File>> make_copy(const std::string& copy, mode_t mode) {
  unlink(copy.c_str());
  const int descriptor = ::open(copy.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return Error::from_errno("create " + copy, errno);
  const bool changed = fchmod(descriptor, mode & 07777U) == 0;
  const int error = errno;
  close(descriptor);
  if (!changed) return Error::from_errno("chmod " + copy, error);
  return file_at(copy);
}

Result<void> Connection::write_anew() {
  const std::string copy = path_ + ".copy";
  const auto made = make_copy(copy, file_ ? file_->mode : 0600);
  if (!made) return made.error();
  copy_.reset();
  auto statement = prepare("VACUUM INTO ?");
  if (!statement) return statement.error();
  (*statement)->bind(1, std::string_view(copy));
  if (const auto done = (*statement)->step(); !done) return done.error();
  if (auto synced = sync_file(copy); !synced) return synced;
  if (FileStamp::of(path_ + ".lock") == FileStamp()) {
    auto taken = FileLock::take(path_);
    if (!taken) return taken.error();
    lock_ = *std::move(taken);
  }
  // The logs of the deleted file are not those of the copy, and closing it must not delete those.
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  unlink((path_ + "-wal").c_str());
  unlink((path_ + "-shm").c_str());
  if (rename(copy.c_str(), path_.c_str()) != 0) return Error::from_errno("rename " + copy, errno);
  copy_ = *made;
  return {};
}

Result<void> Connection::open_anew(const File& file) {
  auto handle = open_handle(path_, options_);
  if (!handle) return handle.error();
  if (auto configured = configure(handle->get(), options_); !configured) return configured;
  std::swap(handle_, *handle);
  file_ = file;
  return {};
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
  auto handle = open_handle(path, options);
  if (!handle) return handle.error();
  if (auto configured = configure(handle->get(), options); !configured) return configured.error();
  const auto file = in_memory ? Result<std::optional<File>>(std::optional<File>()) : file_at(path);
  if (!file) return file.error();
  return std::unique_ptr<driver::Connection>(std::make_unique<Connection>(
      in_memory ? "" : path, *std::move(taken), *std::move(handle), *file, options));
}

}  // namespace meshcheck::store::sqlite

#include "lib/store/sqlite/error.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cstring>

namespace meshcheck::store::sqlite {
namespace {

// The reason, where SQLite has kept it: it does not for what fails inside COMMIT.
std::string reason(sqlite3* connection) {
  const int error_number = sqlite3_system_errno(connection);
  if (error_number == 0) return sqlite3_errmsg(connection);
  return std::string(sqlite3_errmsg(connection)) + ", " + std::strerror(error_number);
}

}  // namespace

std::string name_of(sqlite3* connection) {
  const char* const name = sqlite3_db_filename(connection, "main");
  return name == nullptr || *name == '\0' ? ":memory:" : name;
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

Error last_error(sqlite3* connection) {
  return Error(explain(connection)).within(name_of(connection));
}

}  // namespace meshcheck::store::sqlite

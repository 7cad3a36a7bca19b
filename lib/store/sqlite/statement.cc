#include "lib/store/sqlite/statement.h"

#include <sqlite3.h>

#include <cassert>
#include <utility>

#include "lib/store/sqlite/error.h"

namespace meshcheck::store::sqlite {
namespace {

// Binds a value to one parameter; returns SQLite's status.
struct Binder {
  sqlite3_stmt* statement;
  int parameter;

  int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, parameter); }
  int operator()(std::int64_t value) const {
    return sqlite3_bind_int64(statement, parameter, value);
  }
  int operator()(double value) const { return sqlite3_bind_double(statement, parameter, value); }
  int operator()(std::string_view text) const {
    // A view without storage is an empty text, not NULL.
    const char* const bytes = text.data() == nullptr ? "" : text.data();
    return sqlite3_bind_text64(statement, parameter, bytes, text.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  }
  int operator()(std::span<const std::uint8_t> blob) const {
    const void* const bytes = blob.data() == nullptr ? "" : static_cast<const void*>(blob.data());
    return sqlite3_bind_blob64(statement, parameter, bytes, blob.size(), SQLITE_TRANSIENT);
  }
};

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int parameter, const driver::Value& value) {
  const int status = std::visit(Binder{statement_.get(), parameter}, value);
  assert(status != SQLITE_RANGE && "no such parameter");
  assert(status != SQLITE_MISUSE && "bound in the middle of its rows: reset() first");
  if (bind_status_ == SQLITE_OK) bind_status_ = status;
}

void Statement::clear_bindings() {
  sqlite3_clear_bindings(statement_.get());
}

Result<bool> Statement::step() {
  if (bind_status_ != SQLITE_OK) {
    return Error(sqlite3_errstr(std::exchange(bind_status_, SQLITE_OK)));
  }
  const int status = sqlite3_step(statement_.get());
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) {
    reset();
    return false;
  }
  Error error = last_error(sqlite3_db_handle(statement_.get()));
  reset();
  return error;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::int64(int column) const {
  assert(column < sqlite3_data_count(statement_.get()));
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  assert(column < sqlite3_data_count(statement_.get()));
  return sqlite3_column_double(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  assert(column < sqlite3_data_count(statement_.get()));
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::span<const std::uint8_t> Statement::blob(int column) const {
  assert(column < sqlite3_data_count(statement_.get()));
  const auto* bytes =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool Statement::is_null(int column) const {
  assert(column < sqlite3_data_count(statement_.get()));
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

}  // namespace meshcheck::store::sqlite

// A prepared SQL statement.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace meshcheck::store {

// Made by Connection::prepare(), used on the database's thread and destroyed before it. May be run
// any number of times: bind, step to the end, reset. A statement left in the middle of its rows
// keeps its transaction open: run() and a step() that returns false reset it, nothing else does.
class Statement {
 public:
  // Parameters count from 1 and keep their values over reset(). Text and blobs are copied. A value
  // that SQLite refuses (over 1 GB) is the error of the next step().
  template <std::integral Integer>
  void bind(int parameter, Integer value) {
    bind_int64(parameter, static_cast<std::int64_t>(value));
  }
  void bind(int parameter, double value);
  void bind(int parameter, std::string_view text);
  void bind(int parameter, std::span<const std::uint8_t> blob);
  void bind(int parameter, std::nullptr_t);
  template <typename Value>
  void bind(int parameter, const std::optional<Value>& value) {
    value ? bind(parameter, *value) : bind(parameter, nullptr);
  }
  // All parameters in their order.
  template <typename... Values>
  Statement& bind_all(const Values&... values) {
    int parameter = 0;
    (bind(++parameter, values), ...);
    return *this;
  }

  // True when there is a row to read; false at the end, after which the statement is reset.
  Result<bool> step();
  // To the end, without looking at rows.
  Result<void> run();
  void reset();

  // Of the current row; columns count from 0. NULL reads as 0 or empty; views last until the next
  // step() or reset().
  std::int64_t int64(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;
  std::span<const std::uint8_t> blob(int column) const;
  bool is_null(int column) const;

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  void bind_int64(int parameter, std::int64_t value);
  void check_bind(int status);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_status_ = 0;  // The first that SQLite refused since the last step().
};

}  // namespace meshcheck::store

// A prepared SQL statement.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "lib/base/result.h"
#include "lib/store/driver/driver.h"

namespace meshcheck::store {

// Made by Connection::prepare(), used on the database's thread and destroyed before it. May be run
// any number of times: bind, step to the end, reset. A statement left in the middle of its rows
// keeps its transaction open: run() and a step() that returns false reset it, nothing else does.
class Statement {
 public:
  // Parameters count from 1 and keep their values over reset(). Text and blobs are copied. A value
  // that the database refuses (SQLite: over 1 GB) is the error of the next step().
  template <std::integral Integer>
  void bind(int parameter, Integer value) {
    driver_->bind(parameter, static_cast<std::int64_t>(value));
  }
  void bind(int parameter, double value) { driver_->bind(parameter, value); }
  void bind(int parameter, std::string_view text) { driver_->bind(parameter, text); }
  void bind(int parameter, std::span<const std::uint8_t> blob) { driver_->bind(parameter, blob); }
  void bind(int parameter, std::nullptr_t) { driver_->bind(parameter, nullptr); }
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
  Result<bool> step() { return driver_->step(); }
  // To the end, without looking at rows.
  Result<void> run();
  void reset() { driver_->reset(); }

  // Of the current row; columns count from 0. NULL reads as 0 or empty; views last until the next
  // step() or reset().
  std::int64_t int64(int column) const { return driver_->int64(column); }
  double real(int column) const { return driver_->real(column); }
  std::string_view text(int column) const { return driver_->text(column); }
  std::span<const std::uint8_t> blob(int column) const { return driver_->blob(column); }
  bool is_null(int column) const { return driver_->is_null(column); }

 private:
  friend class Connection;
  explicit Statement(std::unique_ptr<driver::Statement> driver) : driver_(std::move(driver)) {}

  std::unique_ptr<driver::Statement> driver_;
};

}  // namespace meshcheck::store

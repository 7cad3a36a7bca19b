// Rows that a start finds and cannot read.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/log.h"

namespace meshcheck::store {

// Called for each row that is left out.
using OnUnreadable = std::function<void(const Error& error)>;

// Counts them, and writes one line of the log when it ends: there may be thousands.
class UnreadableRows {
 public:
  UnreadableRows(std::string_view rows, const Log& log) : rows_(rows), log_(log) {}
  ~UnreadableRows() {
    if (count_ == 0) return;
    log_.error("stored rows are not readable and were left out",
               {{"rows", rows_}, {"count", count_}, {"first", first_}});
  }
  UnreadableRows(const UnreadableRows&) = delete;
  UnreadableRows& operator=(const UnreadableRows&) = delete;

  OnUnreadable count() {
    return [this](const Error& error) {
      if (count_++ == 0) first_ = error.message();
    };
  }

 private:
  const std::string_view rows_;
  const Log& log_;
  std::size_t count_ = 0;
  std::string first_;
};

}  // namespace meshcheck::store

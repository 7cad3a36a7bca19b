// A statement that SQLite has prepared.
#pragma once

#include <memory>

#include "lib/store/driver/driver.h"

struct sqlite3_stmt;

namespace meshcheck::store::sqlite {

class Statement : public driver::Statement {
 public:
  // Owns `statement`, which may be null after a failure.
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  void bind(int parameter, const driver::Value& value) override;
  void clear_bindings() override;
  Result<bool> step() override;
  void reset() override;
  std::int64_t int64(int column) const override;
  double real(int column) const override;
  std::string_view text(int column) const override;
  std::span<const std::uint8_t> blob(int column) const override;
  bool is_null(int column) const override;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_status_ = 0;  // The first that SQLite refused since the last step().
};

}  // namespace meshcheck::store::sqlite

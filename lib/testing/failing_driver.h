// For tests: a database whose commits fail when the test wants it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "lib/store/driver/driver.h"

namespace meshcheck {

// Does what `real` does; while `fails`, COMMIT is an error, as on a full disk. Any thread may set
// `fails`, which outlives this.
class FailingDriver : public store::driver::Connection {
 public:
  FailingDriver(std::unique_ptr<store::driver::Connection> real, const std::atomic<bool>& fails)
      : real_(std::move(real)), fails_(fails) {}

  Result<void> exec(const std::string& sql) override {
    if (fails_ && sql == "COMMIT") return Error("the disk is full");
    return real_->exec(sql);
  }
  Result<std::unique_ptr<store::driver::Statement>> prepare(std::string_view sql) override {
    return real_->prepare(sql);
  }
  Result<void> begin() override { return real_->begin(); }
  Result<bool> keep_in_place() override { return real_->keep_in_place(); }
  std::string name() const override { return real_->name(); }
  std::int64_t changed() const override { return real_->changed(); }
  bool in_transaction() const override { return real_->in_transaction(); }
  Result<std::int64_t> schema_number() override { return real_->schema_number(); }
  Result<void> set_schema_number(std::int64_t number) override {
    return real_->set_schema_number(number);
  }
  Result<bool> has_tables() override { return real_->has_tables(); }

 private:
  std::unique_ptr<store::driver::Connection> real_;
  const std::atomic<bool>& fails_;
};

}  // namespace meshcheck

#include "lib/store/connection.h"

#include <cassert>
#include <utility>

#include "lib/store/sqlite/connection.h"

namespace meshcheck::store {

Result<Connection> Connection::open(const std::string& path, driver::Options options) {
  auto opened = sqlite::open(path, options);
  if (!opened) return opened.error();
  return Connection(*std::move(opened));
}

Result<bool> Connection::keep_in_place() {
  auto is_new = driver_->keep_in_place();
  if (is_new && *is_new) cache_.clear();
  return is_new;
}

Result<void> Connection::exec(const std::string& sql) {
  return driver_->exec(sql);
}

Result<Statement> Connection::prepare(std::string_view sql) {
  auto prepared = driver_->prepare(sql);
  if (!prepared) return prepared.error();
  return Statement(*std::move(prepared));
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
  statement.driver_->clear_bindings();
  return &statement;
}

}  // namespace meshcheck::store

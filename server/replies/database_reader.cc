#include "server/replies/database_reader.h"

#include <utility>

namespace meshcheck::server {

DatabaseReader::DatabaseReader(uv::Loop& loop, store::Connection database, Reply reply)
    : reply_(std::move(reply)),
      worker_(loop, std::move(database), {.jobs_max = kReadsMax}),
      orders_(loop, kOrdersMax, [this](Order order) { begin(std::move(order)); }) {}

bool DatabaseReader::read(PendingReply pending, Read read) {
  return orders_.send({pending, std::move(read)});
}

void DatabaseReader::begin(Order order) {
  readings_.push_back({order.pending, std::move(order.read), {}});
  const auto reading = std::prev(readings_.end());
  const bool submitted =
      worker_.submit({.run =
                          [reading](store::Connection& database) {
                            reading->response = reading->read(database);
                            return Result<void>();
                          },
                      .done =
                          [this, reading](const Result<void>& result) {
                            reply_(reading->pending, result ? std::move(reading->response)
                                                            : database_failed(result.error()));
                            readings_.erase(reading);
                          }});
  if (submitted) return;
  readings_.erase(reading);
  reply_(order.pending, database_busy());
}

}  // namespace meshcheck::server

// Reads the database for network threads.
#pragma once

#include <cstddef>
#include <functional>
#include <list>

#include "lib/http/message.h"
#include "lib/store/worker.h"
#include "lib/uv/mailbox.h"
#include "server/replies/pending_reply.h"

namespace meshcheck::server {

// Reads on a connection and a thread of its own, so that a long read delays no write. Belongs to
// main's thread; read() is for any. No thread reads any more when it is destroyed.
class DatabaseReader {
 public:
  static constexpr std::size_t kOrdersMax = 10'000;
  static constexpr std::size_t kReadsMax = 64;

  using Read = std::function<http::Response(store::Connection&)>;

  DatabaseReader(uv::Loop& loop, store::Connection database, Reply reply);
  DatabaseReader(const DatabaseReader&) = delete;
  DatabaseReader& operator=(const DatabaseReader&) = delete;

  // `read` runs on the reader's thread and makes the response. Any thread; false: `kOrdersMax` are
  // under way.
  [[nodiscard]] bool read(PendingReply pending, Read read);

 private:
  struct Order {
    PendingReply pending;
    Read read;
  };
  struct Reading {
    PendingReply pending;
    Read read;
    http::Response response;
  };

  void begin(Order order);

  const Reply reply_;
  std::list<Reading> readings_;
  store::Worker worker_;
  // network -> main
  uv::Mailbox<Order> orders_;
};

}  // namespace meshcheck::server

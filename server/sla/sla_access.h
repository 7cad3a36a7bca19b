// The data that the handlers of the SLA's routes use.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "lib/http/message.h"
#include "server/replies/database_reader.h"
#include "server/replies/pending_reply.h"
#include "server/sla/shown_verdict.h"
#include "server/sla/sla_tables.h"
#include "server/sla/sla_writer.h"

namespace meshcheck::server {

// The SLA on disk. `worker` writes, `connection` is for reading.
struct SlaDatabase {
  SlaDatabase(const SlaWriter::Owner& owner, store::Worker& worker, store::Connection connection,
              const Reply& reply, SlaWriter::Options options)
      : writer(owner, worker, reply, options), reader(owner.loop, std::move(connection), reply) {}

  SlaWriter writer;
  DatabaseReader reader;
};

// `database` is null where there is none.
struct SlaAccess {
  // Returns the verdicts of [from, to), which the SLA does not keep.
  using VerdictsWithin = std::function<std::vector<ShownVerdict>(WallTime from, WallTime to)>;

  SlaTables& tables;
  VerdictsWithin verdicts_within;
  SlaDatabase* database = nullptr;
  std::size_t thread = 0;  // The handler's.

  PendingReply pending(const http::Request& request) const { return {thread, request.ticket}; }
};

}  // namespace meshcheck::server

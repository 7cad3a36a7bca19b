// GET /api/v1/history: how a node's paths were over time, for graphs.
#pragma once

#include "lib/http/message.h"
#include "server/history/history_tables.h"
#include "server/replies/database_reader.h"

namespace meshcheck::server {

// `database` is null where there is none. The answer of the last hour is made at once, one of
// longer ago by the reader's thread.
struct HistoryAccess {
  HistoryTables& tables;
  DatabaseReader* database = nullptr;
  std::size_t thread = 0;  // The handler's.
};
http::Response get_history(const HistoryAccess& access, const http::Request& request);

}  // namespace meshcheck::server

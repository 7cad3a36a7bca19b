// How the database does: written after each transaction, read by readyz and /metrics.
#pragma once

#include <cstdint>
#include <string>

namespace meshcheck::server {

struct StoreStatus {
  bool enabled = false;
  std::string trouble;  // Empty while the last write went well.
  std::uint64_t rows_written = 0;
  std::uint64_t writes_failed = 0;
  double commit_seconds = 0;  // The last one.
};

}  // namespace meshcheck::server

// The state of the database: written after each transaction, read by readyz, /metrics and main.
#pragma once

#include "lib/base/guarded.h"
#include "lib/store/write_status.h"

namespace meshcheck::server {

struct StoreStatus {
  Guarded<store::WriteStatus> reports;   // And verdicts.
  Guarded<store::WriteStatus> episodes;  // And days.
  Guarded<store::WriteStatus> history;
};

}  // namespace meshcheck::server

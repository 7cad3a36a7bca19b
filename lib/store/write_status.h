// The state of writing one kind of rows, for readyz, /metrics and the log.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "lib/base/result.h"

namespace meshcheck::store {

struct WriteStatus {
  bool enabled = false;  // Whether rows are written at all.
  std::string trouble;   // Why the last write failed; empty while they go well.
  std::uint64_t rows_written = 0;
  std::uint64_t writes_failed = 0;     // Transactions.
  std::uint64_t written_anew = 0;      // How often the database had been deleted.
  std::chrono::nanoseconds commit{0};  // How long the last one took.
  bool lost = false;                   // The last rows at the program's end could not be written.
};

// Takes each write's result, sets the status and logs changes of it. Belongs to the writer's
// thread.
class WriteReporter {
 public:
  // Constant texts.
  struct Words {
    std::string_view fails;
    std::string_view works;
    std::string_view lost;
  };

  // `status` outlives this.
  WriteReporter(Guarded<WriteStatus>& status, Log log, Words words);

  // `rows` are those of the write; `commit`: how long the last commit took.
  void written(const Result<void>& result, std::size_t rows, std::chrono::nanoseconds commit);
  // The result of the last write, which is not tried again.
  void ended(const Result<void>& result);

 private:
  Guarded<WriteStatus>& status_;
  const Log log_;
  const Words words_;
};

}  // namespace meshcheck::store

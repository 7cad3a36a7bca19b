// Writes the SLA to the database, and answers the requests that wait until it is on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <variant>

#include "lib/base/log.h"
#include "lib/base/wall_guard.h"
#include "lib/store/worker.h"
#include "lib/store/write_status.h"
#include "lib/uv/mailbox.h"
#include "lib/uv/timer.h"
#include "server/replies/pending_reply.h"
#include "server/sla/sla_store.h"
#include "server/sla/sla_tables.h"

namespace meshcheck::server {

// Writes new changes of the SLA's table as soon as a request waits for them, with one commit for
// all that wait, and the other changes twice a second. Changed days are written each five minutes,
// since the stored episodes have the same data until then. Belongs to main's thread; when_written()
// and write() are for any. No thread calls them any more when it is destroyed.
class SlaWriter {
 public:
  static constexpr std::size_t kOrdersMax = 10'000;
  static constexpr std::size_t kWaitingMax = 20'000;
  static constexpr std::size_t kRowsMax = 20'000;
  static constexpr std::chrono::milliseconds kPeriod{500};
  static constexpr std::chrono::minutes kDaysPeriod{5};

  struct Options {
    int retention_days = 0;  // 0: for ever.
  };
  struct Owner {
    uv::Loop& loop;
    SlaTables& sla;
    Guarded<store::WriteStatus>& status;
    Log log;
  };
  struct Write {
    std::function<Result<void>(store::Connection&)> run;
    std::function<http::Response()> done;  // On main's thread, once it is on disk.
    // On main's thread, if it failed; if empty, the answer is 503.
    std::function<http::Response(const Error&)> failed = {};
  };

  // `worker` outlives this, and is closed or destroyed before its loop runs again.
  SlaWriter(Owner owner, store::Worker& worker, Reply reply, Options options);
  SlaWriter(const SlaWriter&) = delete;
  SlaWriter& operator=(const SlaWriter&) = delete;

  // Both are for any thread; false: `kOrdersMax` are under way. when_written() answers 200 `{}`
  // once the change is on disk, 503 if that fails.
  [[nodiscard]] bool when_written(PendingReply pending, std::uint64_t change);
  [[nodiscard]] bool write(PendingReply pending, Write write);

  // Hands the rest to the worker, whose close() writes it; the status has the result. For the
  // program's end, when no request waits and the loop does not run any more.
  void close();

 private:
  struct Order {
    PendingReply pending;
    std::variant<std::uint64_t, Write> what;  // A change to wait for, or a job.
  };

  void take(Order order);
  void wait(const PendingReply& pending, std::uint64_t change);
  void begin(const PendingReply& pending, Write write);
  void write_changes();
  void on_written(const sla::SlaChanges& changes, const Result<void>& result);
  void write_days();
  void on_days_written(std::uint64_t last, const Result<void>& result);
  SlaOldest oldest();
  void reply(const PendingReply& pending, http::Response response) const;

  SlaTables& sla_;
  store::WriteReporter reporter_;
  store::Worker& worker_;
  const Reply reply_;
  const Options options_;
  std::multimap<std::uint64_t, PendingReply> waiting_;  // By the change that they wait for.
  bool writing_ = false;
  WallGuard wall_guard_;
  bool writing_days_ = false;
  bool closed_ = false;
  uv::Timer timer_;
  uv::Timer days_timer_;
  // network -> main
  uv::Mailbox<Order> orders_;
};

}  // namespace meshcheck::server

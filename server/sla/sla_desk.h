// Where network threads ask for what needs the disk, and main's thread has it answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/log.h"
#include "lib/base/wall_guard.h"
#include "lib/http/message.h"
#include "lib/store/worker.h"
#include "lib/store/write_status.h"
#include "lib/uv/mailbox.h"
#include "lib/uv/timer.h"
#include "server/sla/shown_verdict.h"
#include "server/sla/sla_store.h"
#include "server/sla/sla_tables.h"

namespace meshcheck::server {

// A request whose handler answers later.
struct Asker {
  std::size_t thread = 0;  // Of the network.
  http::Ticket ticket = 0;
};

// Writes what the table of the SLA has new as soon as somebody waits for it, one commit for all who
// do, and twice a second what nobody waits for; the days that changed each five minutes, since the
// episodes say the same until then. Reads on a connection and a thread of its own. Belongs to
// main's thread but for what any thread may ask; nobody asks any more when it is destroyed.
class SlaDesk {
 public:
  static constexpr std::size_t kOrdersMax = 10'000;
  static constexpr std::size_t kWaitingMax = 20'000;
  static constexpr std::size_t kReadsMax = 64;
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
  using Answer = std::function<void(const Asker& asker, http::Response response)>;
  using Read = std::function<http::Response(store::Connection&)>;
  struct Write {
    std::function<Result<void>(store::Connection&)> run;
    std::function<http::Response()> done;  // On main's thread, once it is on disk.
  };

  // `writer` outlives this, and is closed or destroyed before its loop runs again. `answer` brings
  // a response to the thread that asked.
  SlaDesk(Owner owner, store::Worker& writer, store::Connection reader, Answer answer,
          Options options);
  SlaDesk(const SlaDesk&) = delete;
  SlaDesk& operator=(const SlaDesk&) = delete;

  // Any thread, as the next two; false: as many as may be are under way. Answers 200 `{}` once the
  // change is on disk, 503 if that fails.
  [[nodiscard]] bool when_written(Asker asker, std::uint64_t change);
  // `read` runs on the reader's thread and makes the response.
  [[nodiscard]] bool read(Asker asker, Read read);
  [[nodiscard]] bool write(Asker asker, Write write);

  // Hands the rest to the writer, whose close() has it written; the status says whether it was. For
  // the end, when nobody waits for an answer and the loop does not run any more.
  void close();

 private:
  struct Order {
    Asker asker;
    std::variant<std::uint64_t, Read, Write> what;
  };
  struct Reading {
    Asker asker;
    Read read;
    http::Response response;
  };

  void take(Order order);
  void wait(const Asker& asker, std::uint64_t change);
  void begin(const Asker& asker, Read read);
  void begin(const Asker& asker, Write write);
  void write_changes();
  void on_written(const sla::SlaChanges& changes, const Result<void>& result);
  void write_days();
  void on_days_written(std::uint64_t last, const Result<void>& result);
  SlaOldest oldest();
  void answer(const Asker& asker, http::Response response) const;

  SlaTables& sla_;
  store::WriteReporter reporter_;
  store::Worker& writer_;
  const Answer answer_;
  const Options options_;
  std::multimap<std::uint64_t, Asker> waiting_;  // By the change that they wait for.
  bool writing_ = false;
  WallGuard wall_guard_;
  bool writing_days_ = false;
  bool closed_ = false;
  std::list<Reading> readings_;
  store::Worker reader_;
  uv::Timer timer_;
  uv::Timer days_timer_;
  // network -> main
  uv::Mailbox<Order> orders_;
};

// What a handler needs of all this. `desk` is null where there is no database.
struct SlaAccess {
  // The verdicts of [from, to); they are kept elsewhere.
  using VerdictsWithin = std::function<std::vector<ShownVerdict>(WallTime from, WallTime to)>;

  SlaTables& tables;
  VerdictsWithin verdicts_within;
  SlaDesk* desk = nullptr;
  std::size_t thread = 0;  // The handler's.

  Asker asker(const http::Request& request) const { return {thread, request.ticket}; }
};

}  // namespace meshcheck::server

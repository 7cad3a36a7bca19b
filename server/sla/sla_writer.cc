#include "server/sla/sla_writer.h"

#include <utility>

#include "server/sla/sla_store.h"

namespace meshcheck::server {
namespace {

// One more than a day, so that a clock that is set back a little finds all.
constexpr std::chrono::hours kEpisodesKept{25};

}  // namespace

SlaWriter::SlaWriter(Owner owner, store::Worker& worker, Reply reply, Options options)
    : sla_(owner.sla),
      reporter_(owner.status, owner.log,
                {.fails = "episodes cannot be written; agents keep them and try again",
                 .works = "episodes are written again",
                 .lost = "last episodes lost"}),
      worker_(worker),
      reply_(std::move(reply)),
      options_(options),
      timer_(owner.loop, [this] { write_changes(); }),
      days_timer_(owner.loop, [this] { write_days(); }),
      orders_(owner.loop, kOrdersMax, [this](Order order) { take(std::move(order)); }) {
  timer_.start_repeating(kPeriod);
  days_timer_.start_repeating(kDaysPeriod);
}

void SlaWriter::close() {
  closed_ = true;
  auto [changes, days] = sla_.table.with([](sla::SlaTable& table) {
    // What is under way goes along, since nobody would try again if it failed.
    table.put_back(sla::SlaChanges());
    table.put_back(sla::SlaDayChanges());
    return std::pair(table.take_changes(SIZE_MAX), table.take_days());
  });
  const bool submitted =
      worker_.submit({.run =
                          [changes = std::move(changes), days = std::move(days.days),
                           oldest = oldest()](store::Connection& database) {
                            auto written = server::write_episodes(database, changes);
                            if (written) written = server::write_days(database, days, oldest);
                            return written;
                          },
                      .done = [this](const Result<void>& result) { reporter_.ended(result); }});
  if (!submitted) reporter_.ended(Error("too much else waits to be written"));
}

void SlaWriter::reply(const PendingReply& pending, http::Response response) const {
  if (!closed_) reply_(pending, std::move(response));
}

bool SlaWriter::when_written(PendingReply pending, std::uint64_t change) {
  return orders_.send({pending, change});
}

bool SlaWriter::write(PendingReply pending, Write write) {
  return orders_.send({pending, std::move(write)});
}

void SlaWriter::take(Order order) {
  if (const auto* change = std::get_if<std::uint64_t>(&order.what)) {
    wait(order.pending, *change);
  } else {
    begin(order.pending, std::move(std::get<Write>(order.what)));
  }
}

void SlaWriter::wait(const PendingReply& pending, std::uint64_t change) {
  if (waiting_.size() >= kWaitingMax) {
    reply(pending, database_busy());
    return;
  }
  waiting_.emplace(change, pending);
  write_changes();
}

void SlaWriter::begin(const PendingReply& pending, Write write) {
  const bool submitted = worker_.submit(
      {.run = std::move(write.run),
       .done = [this, pending, done = std::move(write.done),
                failed = std::move(write.failed)](const Result<void>& result) {
         if (result) {
           reply(pending, done());
         } else {
           reply(pending, failed ? failed(result.error()) : database_failed(result.error()));
         }
       }});
  if (!submitted) reply(pending, database_busy());
}

void SlaWriter::write_changes() {
  if (writing_) return;
  auto changes = sla_.table.with([](sla::SlaTable& table) { return table.take_changes(kRowsMax); });
  if (changes.empty()) {
    // What they waited for was written for somebody else meanwhile.
    on_written(changes, {});
    return;
  }
  writing_ = true;
  auto run = [changes](store::Connection& database) {
    return server::write_episodes(database, changes);
  };
  auto done = [this, changes](const Result<void>& result) {
    writing_ = false;
    reporter_.written(result, changes.episodes.size(), worker_.counters().last_commit);
    if (closed_) return;  // The last job has it again.
    on_written(changes, result);
    if (result && !waiting_.empty()) write_changes();
  };
  const bool submitted = worker_.submit({std::move(run), std::move(done)});
  if (submitted) return;
  writing_ = false;
  on_written(changes, Error("as much as may be is to be written"));
}

void SlaWriter::on_written(const sla::SlaChanges& changes, const Result<void>& result) {
  sla_.table.with([&](sla::SlaTable& table) {
    if (result) {
      table.written(changes);
    } else {
      table.put_back(changes);
    }
  });
  const auto end = waiting_.upper_bound(changes.last);
  for (auto entry = waiting_.begin(); entry != end; ++entry) {
    reply(entry->second, result ? http::Response::json("{}") : database_failed(result.error()));
  }
  waiting_.erase(waiting_.begin(), end);
}

// The epoch's own time while the clock is not proven: nothing is older.
SlaOldest SlaWriter::oldest() {
  const auto proven = wall_guard_.proven(now());
  if (!proven) return {};
  const auto time = std::chrono::floor<std::chrono::seconds>(*proven);
  SlaOldest oldest{.episode = time - kEpisodesKept};
  if (options_.retention_days > 0) oldest.day = sla::day_of(time) - options_.retention_days;
  return oldest;
}

void SlaWriter::write_days() {
  if (writing_days_) return;
  auto changes = sla_.table.with([](sla::SlaTable& table) { return table.take_days(); });
  const std::uint64_t last = changes.last;
  const std::size_t rows = changes.days.size();
  writing_days_ = worker_.submit(
      {.run =
           [days = std::move(changes.days), oldest = oldest()](store::Connection& database) {
             return server::write_days(database, days, oldest);
           },
       .done =
           [this, last, rows](const Result<void>& result) {
             writing_days_ = false;
             reporter_.written(result, rows, worker_.counters().last_commit);
             if (!closed_) on_days_written(last, result);
           }});
  if (!writing_days_) on_days_written(last, Error("as much as may be is to be written"));
}

void SlaWriter::on_days_written(std::uint64_t last, const Result<void>& result) {
  sla_.table.with([&](sla::SlaTable& table) {
    const sla::SlaDayChanges changes{.days = {}, .last = last};
    if (result) {
      table.written(changes);
    } else {
      table.put_back(changes);
    }
  });
}

}  // namespace meshcheck::server

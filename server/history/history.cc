#include "server/history/history.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "mesh/history/node_sample.h"
#include "server/history/trail_text.h"

namespace meshcheck::server {
namespace {

using history::RecentHistory;

constexpr std::chrono::hours kTriedAgain{1};
constexpr std::chrono::minutes kMinutesAtOnce{5};

TrailRow row_of(const history::Trail& trail) {
  return {.verdict = trail.verdict, .moment = trail.moment, .json = trail_json(trail)};
}

Seconds seconds_of(Now time) {
  return std::chrono::floor<std::chrono::seconds>(time.wall);
}

}  // namespace

History::History(const Owner& owner, store::Worker* writer, const HistoryBounds& bounds)
    : owner_(owner),
      reporter_(owner.status, owner.log,
                {.fails = "history cannot be written; its last hour is kept in memory",
                 .works = "history is written again",
                 .lost = "the last minutes of the history are lost"}),
      writer_(writer),
      bounds_(bounds),
      timer_(owner.loop, [this] { look(now()); }) {
  timer_.start_repeating(kLook);
  if (writer_ != nullptr) restore();
}

// On the writer's thread, and before all that it writes. Without it graphs are as good, but for the
// last hour.
void History::restore() {
  auto run = [&tables = owner_.tables](store::Connection& database) {
    const Seconds current = seconds_of(now());
    std::vector<std::tuple<history::SeriesKey, Seconds, history::Point>> minutes;
    auto read = read_minutes(
        database, current - RecentHistory::kLength, current,
        [&](const history::SeriesKey& key, Seconds minute, const history::Point& point) {
          minutes.emplace_back(key, minute, point);
        });
    tables.recent.with([&](RecentHistory& recent) {
      for (const auto& [key, minute, point] : minutes) recent.restore(key, minute, point, current);
    });
    return read;
  };
  const bool submitted =
      writer_->submit({.run = std::move(run), .done = [log = owner_.log](const Result<void>& read) {
                         if (read) return;
                         log.warning("the last hour of the history cannot be read",
                                     {{"error", read.error().message()}});
                       }});
  if (!submitted) owner_.log.warning("the last hour of the history is not read", {});
}

void History::look(Now time) {
  const std::int64_t step = seconds_of(time).time_since_epoch() / RecentHistory::kStep;
  if (step == last_step_) return;
  last_step_ = step;
  trails_.begin(seconds_of(time));
  const history::Tick tick = sample(time);
  show_trails(trails_.end());
  owner_.tables.recent.with([&](RecentHistory& recent) { recent.add(seconds_of(time), tick); });
  if (writer_ == nullptr) return;
  write(time);
  write_trails();
}

void History::follow(std::uint64_t verdict, history::Trail::Moment moment,
                     const std::vector<std::string>& evidence) {
  trails_.follow(verdict, moment, evidence);
  show_trails({});
}

void History::show_trails(std::vector<history::Trail> ended) {
  if (writer_ != nullptr) {
    for (const history::Trail& trail : ended) {
      if (unwritten_.size() == VerdictTrails::kEndedMax) unwritten_.erase(unwritten_.begin());
      unwritten_.push_back(row_of(trail));
    }
  }
  owner_.tables.trails.with([&](VerdictTrails& shown) {
    shown.followed = trails_.followed();
    shown.paths = trails_.paths();
    shown.left_out = trails_.left_out();
    for (history::Trail& trail : ended) {
      if (shown.ended.size() == VerdictTrails::kEndedMax) shown.ended.pop_front();
      shown.ended.push_back(std::move(trail));
    }
  });
}

// Those that cannot be written are tried again with the next step.
void History::write_trails() {
  if (writing_trails_ || unwritten_.empty()) return;
  auto done = [this, count = unwritten_.size()](const Result<void>& result) {
    writing_trails_ = false;
    reporter_.written(result, count, writer_->counters().last_commit);
    const auto written = static_cast<std::ptrdiff_t>(std::min(count, unwritten_.size()));
    if (result) unwritten_.erase(unwritten_.begin(), unwritten_.begin() + written);
  };
  writing_trails_ = writer_->submit({[rows = unwritten_](store::Connection& database) {
                                       return server::write_trails(database, rows);
                                     },
                                     std::move(done)});
}

history::Tick History::sample(Now time) {
  history::NodeSample sample;
  std::optional<std::string> after = "";
  while (after) {
    after = owner_.mesh.with([&](const mesh::Mesh& mesh) {
      return mesh.table.visit(*after, kPiecePaths, time, [&](const mesh::PathView& path) {
        sample.add(path);
        trails_.add(path);
      });
    });
  }
  return sample.take();
}

// The minutes from `from` on, before `to`, as the database has them.
History::Minutes History::minutes(Seconds from, Seconds to) const {
  Minutes made;
  for (Seconds minute = from; minute < to; minute += RecentHistory::kMinute) {
    const history::Tick tick = owner_.tables.recent.with([&](const RecentHistory& recent) {
      return recent.minute_before(minute + RecentHistory::kMinute);
    });
    if (!tick.empty()) made.emplace_back(minute, history::encode_tick(tick));
  }
  return made;
}

Result<void> History::write_minutes(store::Connection& database, const Minutes& minutes) {
  for (const auto& [minute, tick] : minutes) {
    if (auto written = write_tick(database, minute, tick); !written) return written;
  }
  return {};
}

void History::write(Now time) {
  const Seconds current = std::chrono::floor<std::chrono::minutes>(seconds_of(time));
  const auto proven = wall_guard_.proven(time);
  // Set back, the clock brings minutes again, which take the place of those that are written.
  if (!written_ || *written_ > current) written_ = current;
  if (writing_ || *written_ == current) return;
  const Seconds from = std::max(*written_, current - kTriedAgain);
  // A few at a time, as all of an hour would hold main's loop up.
  const Seconds end = std::min(current, from + kMinutesAtOnce);
  Minutes made = minutes(from, end);
  const std::size_t rows = made.size();
  auto run = [&tables = owner_.tables, made = std::move(made), end, proven = proven.has_value(),
              bounds = bounds_](store::Connection& database) -> Result<void> {
    if (auto written = write_minutes(database, made); !written) return written;
    const auto left = settle_history(database, end, proven, bounds);
    if (!left) return left.error();
    tables.bytes = *left;
    return {};
  };
  auto done = [this, end, rows](const Result<void>& result) {
    writing_ = false;
    reporter_.written(result, rows, writer_->counters().last_commit);
    if (result) written_ = end;
  };
  writing_ = writer_->submit({std::move(run), std::move(done)});
}

void History::close() {
  if (writer_ == nullptr || !written_) return;
  std::vector<TrailRow> trails = std::move(unwritten_);
  for (const history::Trail& trail : trails_.followed()) trails.push_back(row_of(trail));
  const Seconds current = std::chrono::floor<std::chrono::minutes>(seconds_of(now()));
  const bool submitted = writer_->submit(
      {.run = [made = minutes(std::max(*written_, current - kTriedAgain), current),
               trails = std::move(trails)](store::Connection& database) -> Result<void> {
         if (auto written = write_minutes(database, made); !written) return written;
         return server::write_trails(database, trails);
       },
       .done = [this](const Result<void>& result) { reporter_.ended(result); }});
  if (!submitted) reporter_.ended(Error("too much else waits to be written"));
}

}  // namespace meshcheck::server

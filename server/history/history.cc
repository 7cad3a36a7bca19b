#include "server/history/history.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "mesh/history/node_sample.h"

namespace meshcheck::server {
namespace {

using history::RecentHistory;

constexpr std::chrono::hours kTriedAgain{1};

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
  auto run = [this](store::Connection& database) {
    const Seconds current = seconds_of(now());
    return owner_.tables.recent.with([&](RecentHistory& recent) {
      return read_minutes(
          database, current - RecentHistory::kLength,
          [&](const history::SeriesKey& key, Seconds minute, const history::Point& point) {
            recent.restore(key, minute, point, current);
          });
    });
  };
  const bool submitted =
      writer_->submit({.run = std::move(run), .done = [this](const Result<void>& result) {
                         if (result) return;
                         owner_.log.warning("the last hour of the history cannot be read",
                                            {{"error", result.error().message()}});
                       }});
  if (!submitted) owner_.log.warning("the last hour of the history is not read", {});
}

void History::look(Now time) {
  const std::int64_t step = seconds_of(time).time_since_epoch() / RecentHistory::kStep;
  if (step == last_step_) return;
  last_step_ = step;
  const history::Tick tick = sample(time);
  owner_.tables.recent.with([&](RecentHistory& recent) { recent.add(seconds_of(time), tick); });
  if (writer_ != nullptr) write(time);
}

history::Tick History::sample(Now time) {
  history::NodeSample sample;
  std::optional<std::string> after = "";
  while (after) {
    after = owner_.mesh.with([&](const mesh::Mesh& mesh) {
      return mesh.table.visit(*after, kPiecePaths, time,
                              [&](const mesh::PathView& path) { sample.add(path); });
    });
  }
  return sample.take();
}

void History::write(Now time) {
  const Seconds end = std::chrono::floor<std::chrono::minutes>(seconds_of(time));
  const auto proven = wall_guard_.proven(time);
  // The clock was set back: what was written is not written again.
  if (!written_ || *written_ > end) written_ = end;
  if (writing_ || *written_ == end) return;
  std::vector<std::pair<Seconds, history::Bytes>> minutes;
  owner_.tables.recent.with([&](const RecentHistory& recent) {
    for (Seconds minute = std::max(*written_, end - kTriedAgain); minute < end;
         minute += RecentHistory::kMinute) {
      const history::Tick tick = recent.minute_before(minute + RecentHistory::kMinute);
      if (!tick.empty()) minutes.emplace_back(minute, history::encode_tick(tick));
    }
  });
  const std::size_t rows = minutes.size();
  auto run = [this, minutes = std::move(minutes), end, proven = proven.has_value(),
              bounds = bounds_](store::Connection& database) -> Result<void> {
    for (const auto& [minute, tick] : minutes) {
      if (auto written = write_tick(database, minute, tick); !written) return written;
    }
    const auto left = settle_history(database, end, proven, bounds);
    if (!left) return left.error();
    owner_.tables.bytes = *left;
    return {};
  };
  auto done = [this, end, rows](const Result<void>& result) {
    writing_ = false;
    reporter_.written(result, rows, writer_->counters().last_commit);
    if (result) written_ = end;
  };
  writing_ = writer_->submit({std::move(run), std::move(done)});
}

}  // namespace meshcheck::server

#include "server/history/history_store.h"

#include <algorithm>
#include <map>
#include <span>

namespace meshcheck::server {
namespace {

using history::Point;
using history::SeriesKey;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

using Points = std::vector<Point>;

std::int64_t number(Seconds time) {
  return time.time_since_epoch().count();
}

Seconds time_of(std::int64_t number) {
  return Seconds(seconds(number));
}

// Calls `take` with the statement for each row.
template <typename Take>
Result<void> each_row(store::Statement& statement, Take&& take) {
  for (;;) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return {};
    take(statement);
  }
}

template <typename... Values>
Result<void> execute(store::Connection& database, std::string_view sql, const Values&... values) {
  auto statement = database.cached(sql);
  if (!statement) return statement.error();
  return (*statement)->bind_all(values...).run();
}

// The first column of the first row; nothing for NULL.
template <typename... Values>
Result<std::optional<std::int64_t>> look_up(store::Connection& database, std::string_view sql,
                                            const Values&... values) {
  auto statement = database.cached(sql);
  if (!statement) return statement.error();
  std::optional<std::int64_t> found;
  auto read = each_row((*statement)->bind_all(values...), [&](const store::Statement& row) {
    if (!found && !row.is_null(0)) found = row.int64(0);
  });
  if (!read) return read.error();
  return found;
}

// All series of a stretch of time, while it becomes chunks.
class Block {
 public:
  Block(Seconds start, seconds length, seconds step)
      : start_(start), step_(step), size_(static_cast<std::size_t>(length / step)) {}

  void put(const SeriesKey& key, Seconds time, const Point& point) {
    const auto place = static_cast<std::size_t>((time - start_) / step_);
    if (time < start_ || place >= size_) return;
    Points& points = points_[key];
    points.resize(size_);
    points[place] = point;
  }

  Result<void> write(store::Connection& database) const {
    std::int64_t bytes = 0;
    for (const auto& [key, points] : points_) {
      const history::Bytes chunk = history::encode_chunk(points);
      bytes += static_cast<std::int64_t>(chunk.size());
      auto written =
          execute(database,
                  "INSERT INTO history_chunk VALUES (?, ?, ?, ?, ?) ON CONFLICT (step_s, "
                  "start_s, node, layer) DO UPDATE SET points = excluded.points",
                  step_.count(), number(start_), std::string_view(key.node),
                  static_cast<int>(key.layer), std::span<const std::uint8_t>(chunk));
      if (!written) return written;
    }
    return execute(database,
                   "INSERT INTO history_block VALUES (?, ?, ?) ON CONFLICT (step_s, start_s) DO "
                   "UPDATE SET bytes = excluded.bytes",
                   step_.count(), number(start_), bytes);
  }

 private:
  const Seconds start_;
  const seconds step_;
  const std::size_t size_;
  std::map<SeriesKey, Points> points_;
};

// Calls `take` with the points of each series, and their time and step. A damaged row is left out:
// it is one hour or one day of a graph.
template <typename Take>
Result<void> each_chunk(store::Connection& database, seconds step, Seconds from, Seconds to,
                        Take&& take) {
  auto chunks = database.cached(
      "SELECT start_s, node, layer, points FROM history_chunk WHERE step_s = ? AND start_s >= ? "
      "AND start_s < ?");
  if (!chunks) return chunks.error();
  return each_row((*chunks)->bind_all(step.count(), number(from), number(to)),
                  [&](const store::Statement& row) {
                    const auto points = history::decode_chunk(row.blob(3));
                    const std::string_view node = row.text(1);
                    const auto layer = static_cast<mesh::Layer>(row.int64(2));
                    const bool known = layer == mesh::Layer::kPod || layer == mesh::Layer::kHost;
                    if (!points || !known || node.size() > history::kNodeNameMax) return;
                    take(SeriesKey{std::string(node), layer}, time_of(row.int64(0)), *points);
                  });
}

// Those of an hour's chunks, then those that are none yet.
Result<void> each_minute(store::Connection& database, Seconds from, Seconds to,
                         const TakeMinute& take) {
  auto read = each_chunk(database, kMinuteStep, from, to,
                         [&](const SeriesKey& key, Seconds time, const Points& points) {
                           for (const Point& point : points) {
                             if (point.is_measured()) take(key, time, point);
                             time += kMinuteStep;
                           }
                         });
  if (!read) return read;
  auto ticks = database.cached(
      "SELECT at_s, points FROM history_tick WHERE at_s >= ? AND at_s < ? ORDER BY at_s");
  if (!ticks) return ticks.error();
  return each_row((*ticks)->bind_all(number(from), number(to)), [&](const store::Statement& row) {
    const Seconds time = time_of(row.int64(0));
    static_cast<void>(history::decode_tick(
        row.blob(1), [&](std::string_view node, mesh::Layer layer, const Point& point) {
          take({std::string(node), layer}, time, point);
        }));
  });
}

// Minutes that are chunks already stay, and a day that is settled already is settled again: the
// clock may have been set back.
Result<void> settle_hour(store::Connection& database, Seconds hour) {
  Block block(hour, hours(1), kMinuteStep);
  auto read = each_minute(
      database, hour, hour + hours(1),
      [&](const SeriesKey& key, Seconds time, const Point& point) { block.put(key, time, point); });
  if (!read) return read;
  if (auto written = block.write(database); !written) return written;
  auto anew =
      execute(database, "DELETE FROM history_block WHERE step_s = ? AND start_s = ? AND bytes > 0",
              seconds(kLongStep).count(), number(std::chrono::floor<days>(hour)));
  if (!anew) return anew;
  return execute(database, "DELETE FROM history_tick WHERE at_s >= ? AND at_s < ?", number(hour),
                 number(hour + hours(1)));
}

Result<void> settle_day(store::Connection& database, Seconds day) {
  constexpr std::size_t kEach = kLongStep / kMinuteStep;
  Block block(day, days(1), kLongStep);
  auto read = each_chunk(database, kMinuteStep, day, day + days(1),
                         [&](const SeriesKey& key, Seconds time, const Points& points) {
                           for (std::size_t i = 0; i + kEach <= points.size(); i += kEach) {
                             block.put(key, time, merged(std::span(points).subspan(i, kEach)));
                             time += kLongStep;
                           }
                         });
  return read ? block.write(database) : read;
}

// The begin of the first hour of minutes that is not before `from`.
Result<std::optional<std::int64_t>> first_hour(store::Connection& database, Seconds from) {
  return look_up(database,
                 "SELECT min(start_s) FROM history_block WHERE step_s = ? AND start_s >= ?",
                 seconds(kMinuteStep).count(), number(from));
}

// Days that are over, have chunks of minutes, and none of ten minutes.
Result<void> settle_days(store::Connection& database, Seconds now) {
  const auto tick = look_up(database, "SELECT min(at_s) FROM history_tick");
  if (!tick) return tick.error();
  for (Seconds day;; day += days(1)) {
    const auto hour = first_hour(database, day);
    if (!hour) return hour.error();
    if (!*hour) return {};
    day = std::chrono::floor<days>(time_of(**hour));
    if (day + days(1) > now) return {};
    if (*tick && time_of(**tick) < day + days(1)) return {};  // An hour of it is not settled yet.
    const auto made =
        look_up(database, "SELECT bytes FROM history_block WHERE step_s = ? AND start_s = ?",
                seconds(kLongStep).count(), number(day));
    if (!made) return made.error();
    if (*made) continue;
    if (auto settled = settle_day(database, day); !settled) return settled;
  }
}

Result<void> remove(store::Connection& database, seconds step, Seconds before) {
  auto gone = execute(database, "DELETE FROM history_chunk WHERE step_s = ? AND start_s < ?",
                      step.count(), number(before));
  if (!gone) return gone;
  return execute(database, "DELETE FROM history_block WHERE step_s = ? AND start_s < ?",
                 step.count(), number(before));
}

// The block stays, as one without bytes: a day without a block would be made again.
Result<void> clear(store::Connection& database, seconds step, Seconds start) {
  auto gone = execute(database, "DELETE FROM history_chunk WHERE step_s = ? AND start_s = ?",
                      step.count(), number(start));
  if (!gone) return gone;
  return execute(database, "UPDATE history_block SET bytes = 0 WHERE step_s = ? AND start_s = ?",
                 step.count(), number(start));
}

Result<std::uint64_t> remove_what_is_too_much(store::Connection& database, std::uint64_t most) {
  for (;;) {
    const auto bytes = look_up(database, "SELECT sum(bytes) FROM history_block WHERE bytes > 0");
    if (!bytes) return bytes.error();
    const auto held = static_cast<std::uint64_t>(bytes->value_or(0));
    if (held <= most) return held;
    const auto start = look_up(database, "SELECT min(start_s) FROM history_block WHERE bytes > 0");
    if (!start) return start.error();
    const auto step = look_up(
        database, "SELECT max(step_s) FROM history_block WHERE start_s = ? AND bytes > 0", **start);
    if (!step) return step.error();
    if (auto gone = clear(database, seconds(**step), time_of(**start)); !gone) return gone.error();
  }
}

// The points of an answer.
struct Steps {
  Seconds from;
  seconds step;
  Points points;

  // Those of a chunk that are within, merged to a step.
  void put(const Points& chunk, Seconds start, seconds chunk_step) {
    const auto each = static_cast<std::size_t>(step / chunk_step);
    for (std::size_t i = 0; i + each <= chunk.size(); i += each) {
      const Seconds time = start + static_cast<int>(i) * chunk_step;
      if (time < from) continue;
      const auto place = static_cast<std::size_t>((time - from) / step);
      if (place >= points.size()) return;
      points[place] = merged(std::span(chunk).subspan(i, each));
    }
  }
};

// The chunk of the series that begins at `start`; nothing if there is none.
Result<std::optional<Points>> read_chunk(store::Connection& database, const SeriesKey& key,
                                         seconds step, Seconds start) {
  auto statement = database.cached(
      "SELECT points FROM history_chunk WHERE step_s = ? AND start_s = ? AND node = ? AND layer = "
      "?");
  if (!statement) return statement.error();
  std::optional<Points> found;
  auto read = each_row((*statement)
                           ->bind_all(step.count(), number(start), std::string_view(key.node),
                                      static_cast<int>(key.layer)),
                       [&](const store::Statement& row) {
                         if (auto points = history::decode_chunk(row.blob(0))) {
                           found = *std::move(points);
                         }
                       });
  if (!read) return read.error();
  return found;
}

// The minutes that are no chunk yet.
Result<void> read_ticks(store::Connection& database, const SeriesKey& key, Steps& steps) {
  auto ticks =
      database.cached("SELECT at_s, points FROM history_tick WHERE at_s >= ? AND at_s < ?");
  if (!ticks) return ticks.error();
  auto& [from, step, points] = steps;
  const Seconds to = from + static_cast<int>(points.size()) * step;
  std::map<std::size_t, Points> minutes;  // By place.
  auto read =
      each_row((*ticks)->bind_all(number(from), number(to)), [&](const store::Statement& row) {
        const auto place =
            static_cast<std::size_t>((time_of(row.int64(0)) - steps.from) / steps.step);
        static_cast<void>(history::decode_tick(
            row.blob(1), [&](std::string_view node, mesh::Layer layer, const Point& point) {
              if (node != key.node || layer != key.layer) return;
              minutes[place].push_back(point);
            }));
      });
  if (!read) return read;
  for (auto& [place, of_step] : minutes) {
    of_step.push_back(points[place]);  // The chunk of another part of the step.
    points[place] = merged(of_step);
  }
  return {};
}

}  // namespace

Result<void> write_tick(store::Connection& database, Seconds minute, const history::Bytes& tick) {
  return execute(database,
                 "INSERT INTO history_tick VALUES (?, ?) ON CONFLICT (at_s) DO UPDATE SET points = "
                 "excluded.points",
                 number(minute), std::span<const std::uint8_t>(tick));
}

Result<std::uint64_t> settle_history(store::Connection& database, Seconds now, bool proven,
                                     const HistoryBounds& bounds) {
  const auto oldest = look_up(database, "SELECT min(at_s) FROM history_tick");
  if (!oldest) return oldest.error();
  if (*oldest) {
    const auto hour = std::chrono::floor<hours>(time_of(**oldest));
    if (hour + hours(1) <= now) {
      if (auto settled = settle_hour(database, hour); !settled) return settled.error();
    }
  }
  if (proven) {
    // Not by a clock that is ahead: a day would be settled without its rest.
    if (auto settled = settle_days(database, now); !settled) return settled.error();
    for (const auto& [step, age] :
         {std::pair<seconds, seconds>(kMinuteStep, kMinutesKept + hours(1)),
          {kLongStep, bounds.age + days(1)}}) {
      if (auto gone = remove(database, step, now - age); !gone) return gone.error();
    }
  }
  return remove_what_is_too_much(database, bounds.bytes);
}

Result<void> read_minutes(store::Connection& database, Seconds from, Seconds to,
                          const TakeMinute& take) {
  return each_minute(database, std::chrono::floor<hours>(from), to, take);
}

Result<std::vector<Point>> read_history(store::Connection& database, const SeriesKey& key,
                                        seconds step, Seconds from, Seconds to) {
  Steps steps{from, step, Points(static_cast<std::size_t>((to - from + step - seconds(1)) / step))};
  const auto first = first_hour(database, std::chrono::floor<hours>(from));
  if (!first) return first.error();
  const Seconds minutes = *first ? time_of(**first) : to;
  for (Seconds day = std::chrono::floor<days>(from); day < to; day += days(1)) {
    if (step == kLongStep) {
      const auto chunk = read_chunk(database, key, kLongStep, day);
      if (!chunk) return chunk.error();
      if (*chunk) {
        steps.put(**chunk, day, kLongStep);
        continue;
      }
    }
    for (Seconds hour = day; hour < day + days(1) && hour < to; hour += hours(1)) {
      if (hour < minutes) continue;
      const auto chunk = read_chunk(database, key, kMinuteStep, hour);
      if (!chunk) return chunk.error();
      if (*chunk) steps.put(**chunk, hour, kMinuteStep);
    }
  }
  if (auto read = read_ticks(database, key, steps); !read) return read.error();
  return std::move(steps.points);
}

}  // namespace meshcheck::server

// The last hour of all series, in steps of ten seconds.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "mesh/history/point_codec.h"

namespace meshcheck::history {

using Seconds = std::chrono::sys_seconds;

// Steps begin at multiples of kStep since 1970. Bounded by series, of 8 KB each; more are left out
// and counted. A series without a point in the last hour is forgotten. Reads no clock and has no
// lock: its owner guards it.
class RecentHistory {
 public:
  static constexpr std::chrono::seconds kStep{10};
  static constexpr std::size_t kPoints = 360;
  static constexpr std::chrono::seconds kLength = kStep * kPoints;
  static constexpr std::chrono::seconds kMinute{60};

  explicit RecentHistory(std::size_t series_max) : series_max_(series_max) {}

  // The points of the step that has `time` in it. A time up to a minute before the last one's is
  // left out; with an earlier one, of a clock that was set back, all begins anew.
  void add(Seconds time, const Tick& tick);
  // A minute that was stored before the start stands for its six steps, where those have no point.
  // Minutes longer ago than an hour before `now` are left out, and series beyond the bound.
  void restore(const SeriesKey& key, Seconds minute, const Point& point, Seconds now);
  // The merged points of the minute that ends where `end` is, for the database.
  Tick minute_before(Seconds end) const;

  // The points from the step of `from` on, before `to`; those that are not held are not measured.
  std::vector<Point> read(const SeriesKey& key, Seconds from, Seconds to) const;
  std::size_t series() const { return series_.size(); }
  std::uint64_t left_out() const { return left_out_; }  // Points.

 private:
  using Step = std::int64_t;  // Since 1970.
  struct Series {
    Step last = 0;  // The last with a point.
    std::array<Point, kPoints> ring;
  };

  static Step step_of(Seconds time) { return time.time_since_epoch() / kStep; }
  // Null: there is no room for another series.
  Series* series_of(const SeriesKey& key);
  Point at(const Series& series, Step step) const;

  const std::size_t series_max_;
  Step last_ = 0;  // Of all series.
  std::uint64_t left_out_ = 0;
  std::map<SeriesKey, Series> series_;
};

}  // namespace meshcheck::history

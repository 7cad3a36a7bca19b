#include "mesh/history/recent_history.h"

#include <algorithm>

namespace meshcheck::history {
namespace {

// By so much a clock that is set back is waited for.
constexpr std::chrono::minutes kCorrectionMax{1};

}  // namespace

RecentHistory::Series* RecentHistory::series_of(const SeriesKey& key) {
  const auto found = series_.find(key);
  if (found != series_.end()) return &found->second;
  return series_.size() == series_max_ ? nullptr : &series_[key];
}

void RecentHistory::restore(const SeriesKey& key, Seconds minute, const Point& point, Seconds now) {
  constexpr Step kSteps = kMinute / kStep;
  const Step oldest = step_of(now) - static_cast<Step>(kPoints) + 1;
  const Step first = step_of(minute);
  if (first < oldest || first + kSteps > step_of(now)) return;
  Series* const series = series_of(key);
  if (series == nullptr) return;
  for (Step step = first; step < first + kSteps; ++step) {
    Point& held = series->ring.at(static_cast<std::size_t>(step) % kPoints);
    if (!held.is_measured()) held = point;
  }
  series->last = std::max(series->last, first + kSteps - 1);
}

void RecentHistory::add(Seconds time, const Tick& tick) {
  const Step step = step_of(time);
  if (step < last_) {
    if (last_ - step <= kCorrectionMax / kStep) return;
    // The points that are held are of a time that has not come.
    series_.clear();
  }
  last_ = step;
  for (const auto& [key, point] : tick) {
    Series* const found = series_of(key);
    if (found == nullptr) {
      ++left_out_;
      continue;
    }
    Series& series = *found;
    // Steps that were left out have what they had an hour ago.
    const auto points = static_cast<Step>(kPoints);
    for (Step gone = std::max(series.last + 1, step - points + 1); gone < step; ++gone) {
      series.ring.at(static_cast<std::size_t>(gone % points)) = Point();
    }
    series.ring.at(static_cast<std::size_t>(step % points)) = point;
    series.last = step;
  }
  std::erase_if(series_, [&](const auto& entry) {
    return entry.second.last + static_cast<Step>(kPoints) <= step;
  });
}

Point RecentHistory::at(const Series& series, Step step) const {
  if (step > series.last || step + static_cast<Step>(kPoints) <= last_) return {};
  return series.ring.at(static_cast<std::size_t>(step) % kPoints);
}

Tick RecentHistory::minute_before(Seconds end) const {
  constexpr Step kSteps = kMinute / kStep;
  const Step last = step_of(end);
  Tick minute;
  for (const auto& [key, series] : series_) {
    std::array<Point, kSteps> points;
    for (Step i = 0; i < kSteps; ++i) {
      points.at(static_cast<std::size_t>(i)) = at(series, last - kSteps + i);
    }
    const Point point = merged(points);
    if (point.is_measured()) minute.emplace_hint(minute.end(), key, point);
  }
  return minute;
}

std::vector<Point> RecentHistory::read(const SeriesKey& key, Seconds from, Seconds to) const {
  const auto found = series_.find(key);
  std::vector<Point> points;
  for (Step step = step_of(from); step * kStep < to.time_since_epoch(); ++step) {
    points.push_back(found == series_.end() ? Point() : at(found->second, step));
  }
  return points;
}

}  // namespace meshcheck::history

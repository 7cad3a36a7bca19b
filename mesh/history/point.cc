#include "mesh/history/point.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

namespace meshcheck::history {
namespace {

constexpr double kRttStep = 1.03;

constexpr std::array<std::string_view, kColumns> kKeys = {
    "up",           "degraded",      "down",       "unknown",    "loss", "loss_max",
    "loss_forward", "loss_backward", "rtt_p50_ms", "rtt_p99_ms", "mtu"};

// Larger is worse.
auto badness(const Point& point) {
  return std::tuple(point[Column::kDown], point[Column::kDegraded], point[Column::kUnknown]);
}

class Merger {
 public:
  explicit Merger(std::span<const Point> points) : points_(points) {}

  Point merge() {
    Point made;
    const Point* worst = nullptr;
    for (const Point& point : points_) {
      if (!point.is_measured()) continue;
      if (worst == nullptr || badness(point) > badness(*worst)) worst = &point;
    }
    if (worst == nullptr) return made;
    for (const Column column : {Column::kUp, Column::kDegraded, Column::kDown, Column::kUnknown}) {
      made[column] = (*worst)[column];
    }
    for (const Column column : {Column::kLoss, Column::kLossForward, Column::kLossBackward}) {
      made[column] = mean(column);
    }
    for (const Column column : {Column::kLossMax, Column::kRttP99}) made[column] = largest(column);
    made[Column::kRttP50] = middle(Column::kRttP50);
    if (gather(Column::kMtu)) made[Column::kMtu] = *std::ranges::min_element(values_);
    return made;
  }

 private:
  // False if none is measured.
  bool gather(Column column) {
    values_.clear();
    for (const Point& point : points_) {
      if (point[column] != Point::kNone) values_.push_back(point[column]);
    }
    return !values_.empty();
  }
  std::uint16_t mean(Column column) {
    if (!gather(column)) return Point::kNone;
    std::uint64_t sum = 0;
    for (const std::uint16_t value : values_) sum += value;
    return static_cast<std::uint16_t>((sum + values_.size() / 2) / values_.size());
  }
  std::uint16_t largest(Column column) {
    return gather(column) ? *std::ranges::max_element(values_) : Point::kNone;
  }
  std::uint16_t middle(Column column) {
    if (!gather(column)) return Point::kNone;
    const auto place = values_.begin() + static_cast<std::ptrdiff_t>(values_.size() / 2);
    std::ranges::nth_element(values_, place);
    return *place;
  }

  const std::span<const Point> points_;
  std::vector<std::uint16_t> values_;
};

}  // namespace

std::string_view text(Column column) {
  return kKeys.at(static_cast<std::size_t>(column));
}

std::uint16_t rtt_level(std::uint32_t time_us) {
  const double level = std::log(std::max(time_us, 1U)) / std::log(kRttStep);
  return static_cast<std::uint16_t>(std::lround(level));
}

std::chrono::duration<double, std::micro> rtt_of_level(std::uint16_t level) {
  return std::chrono::duration<double, std::micro>(std::pow(kRttStep, level));
}

std::uint16_t loss_value(std::uint64_t lost, std::uint64_t sent) {
  if (sent == 0) return Point::kNone;
  // A loss, however small a share it is, is no 0.
  const std::uint64_t share = std::min(lost, sent) * Point::kLargest / sent;
  return static_cast<std::uint16_t>(std::max<std::uint64_t>(share, lost > 0 ? 1 : 0));
}

double loss_of_value(std::uint16_t value) {
  return static_cast<double>(value) / Point::kLargest;
}

Point merged(std::span<const Point> points) {
  return points.size() == 1 ? points.front() : Merger(points).merge();
}

}  // namespace meshcheck::history

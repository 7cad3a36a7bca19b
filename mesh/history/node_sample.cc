#include "mesh/history/node_sample.h"

#include <algorithm>

#include "mesh/table/pmtu_summary.h"

namespace meshcheck::history {
namespace {

using mesh::PathState;

std::uint16_t count_value(std::uint32_t count) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, Point::kLargest));
}

}  // namespace

void NodeSample::add(const mesh::PathView& path) {
  if (path.from_node.empty() || path.from_node.size() > kNodeNameMax) return;
  const bool again = last_ != sums_.end() && last_->first.node == path.from_node &&
                     last_->first.layer == path.from.layer;
  if (!again) {
    const SeriesKey key{std::string(path.from_node), path.from.layer};
    last_ = sums_.try_emplace(key).first;
  }
  Sums& sums = last_->second;
  ++sums.states.at(static_cast<std::size_t>(path.judgement.state));
  // What is told of a path whose state is not known may be of a report long ago.
  if (path.judgement.state == PathState::kUnknown || !path.row.between_agents()) return;
  sums.sent += path.row.sent;
  sums.lost += path.row.lost;
  sums.lost_forward += path.row.lost_forward;
  sums.lost_backward += path.row.lost_backward;
  if (path.row.p50_us != mesh::PathRow::kNever) {
    sums.p50_us.push_back(path.row.p50_us);
    sums.p99_us = std::max(sums.p99_us, path.row.p99_us);
  }
  if (!mesh::PmtuSummary::counts(path)) return;
  for (const auto& way : {path.pmtu_judgement.ways.forward, path.pmtu_judgement.ways.backward}) {
    if (way.size) sums.size = std::min(sums.size, std::min(*way.size, Point::kLargest));
  }
}

Point NodeSample::point_of(Sums& sums) {
  const auto of = [&](PathState state) {
    return count_value(sums.states.at(static_cast<std::size_t>(state)));
  };
  Point point;
  point[Column::kUp] = of(PathState::kUp);
  point[Column::kDegraded] = of(PathState::kDegraded);
  point[Column::kDown] = of(PathState::kDown);
  point[Column::kUnknown] = of(PathState::kUnknown);
  point[Column::kLoss] = point[Column::kLossMax] = loss_value(sums.lost, sums.sent);
  point[Column::kLossForward] = loss_value(sums.lost_forward, sums.sent);
  point[Column::kLossBackward] = loss_value(sums.lost_backward, sums.sent);
  if (!sums.p50_us.empty()) {
    const auto middle = sums.p50_us.begin() + static_cast<std::ptrdiff_t>(sums.p50_us.size() / 2);
    std::ranges::nth_element(sums.p50_us, middle);
    point[Column::kRttP50] = rtt_level(*middle);
    point[Column::kRttP99] = rtt_level(sums.p99_us);
  }
  point[Column::kMtu] = sums.size;
  return point;
}

Tick NodeSample::take() {
  Tick tick;
  for (auto& [key, sums] : sums_) tick.emplace_hint(tick.end(), key, point_of(sums));
  sums_.clear();
  last_ = sums_.end();
  return tick;
}

}  // namespace meshcheck::history

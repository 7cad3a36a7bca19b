#include "mesh/sla/summary.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace meshcheck::sla {
namespace {

constexpr Milliseconds kNone{0};

Milliseconds overlap_of(Seconds start, Seconds end, Seconds from, Seconds to) {
  return std::max(kNone, Milliseconds(std::min(end, to) - std::max(start, from)));
}

// That covers most of the stretch; of equal ones the first.
const Downtime* widest(std::span<const Downtime* const> downtimes, Seconds from, Seconds to) {
  const Downtime* found = nullptr;
  Milliseconds most = kNone;
  for (const Downtime* downtime : downtimes) {
    const Milliseconds overlap = overlap_of(downtime->start, downtime->end, from, to);
    if (overlap <= most) continue;
    most = overlap;
    found = downtime;
  }
  return found;
}

StepState was(DowntimeType type) {
  switch (type) {
    case DowntimeType::kAccident:
      return StepState::kAccident;
    case DowntimeType::kMaintenance:
      return StepState::kMaintenance;
    case DowntimeType::kInfrastructureMaintenance:
      return StepState::kInfrastructureMaintenance;
    case DowntimeType::kInfrastructureAccident:
      break;
  }
  return StepState::kInfrastructureAccident;
}

}  // namespace

Summary& Summary::operator+=(const Summary& other) {
  timers += other.timers;
  muted += other.muted;
  nodata += other.nodata;
  return *this;
}

MutedTime::MutedTime(std::span<const Downtime* const> downtimes) {
  std::vector<Stretch> all;
  all.reserve(downtimes.size());
  for (const Downtime* downtime : downtimes) all.push_back({downtime->start, downtime->end});
  std::ranges::sort(all, {}, &Stretch::start);
  for (const Stretch& stretch : all) {
    if (stretches_.empty() || stretches_.back().end < stretch.start) {
      stretches_.push_back(stretch);
    } else {
      stretches_.back().end = std::max(stretches_.back().end, stretch.end);
    }
  }
}

Milliseconds MutedTime::overlap(Seconds from, Seconds to) const {
  Milliseconds sum = kNone;
  auto stretch = std::ranges::upper_bound(stretches_, from, {}, &Stretch::end);
  for (; stretch != stretches_.end() && stretch->start < to; ++stretch) {
    sum += overlap_of(stretch->start, stretch->end, from, to);
  }
  return sum;
}

Summary summarize(const Timers& timers, Milliseconds length, Milliseconds overlap) {
  Summary summary{.timers = timers, .nodata = length - timers.measured()};
  Milliseconds left = overlap;
  for (Milliseconds* part : {&summary.timers.unknown, &summary.timers.down, &summary.nodata}) {
    const Milliseconds taken = std::min(left, *part);
    *part -= taken;
    left -= taken;
    summary.muted += taken;
  }
  return summary;
}

std::optional<double> availability(const Summary& summary) {
  const Milliseconds good = summary.timers.up + summary.muted;
  const Milliseconds all = good + summary.timers.down;
  if (all == kNone) return std::nullopt;
  return static_cast<double>(good.count()) / static_cast<double>(all.count());
}

ErrorBudget error_budget(const Summary& summary, double target) {
  const Milliseconds all = summary.timers.up + summary.muted + summary.timers.down;
  const double allowed = (1.0 - target) * static_cast<double>(all.count());
  return {.allowed = Milliseconds(std::llround(allowed)), .used = summary.timers.down};
}

std::string_view text(StepState state) {
  constexpr std::array<std::string_view, 9> kTexts = {"no_data",
                                                      "unknown",
                                                      "up",
                                                      "down",
                                                      "down_without_sla_breach",
                                                      "was_maintenance",
                                                      "was_infrastructure_maintenance",
                                                      "was_infrastructure_accident",
                                                      "was_accident"};
  return kTexts.at(static_cast<std::size_t>(state));
}

StepVerdict judge(const StepQuestion& question, std::span<const Downtime* const> downtimes,
                  std::span<const Downtime* const> muting) {
  const Summary& summary = question.summary;
  if (summary.timers.down > kNone) {
    std::vector<const Downtime*> accidents;
    std::ranges::copy_if(downtimes, std::back_inserter(accidents), [](const Downtime* downtime) {
      return downtime->type == DowntimeType::kAccident;
    });
    const bool kept = availability(summary).value_or(1.0) >= question.target;
    return {kept ? StepState::kDownWithoutBreach : StepState::kDown,
            widest(accidents, question.from, question.to)};
  }
  if (summary.muted > kNone) {
    if (const Downtime* downtime = widest(muting, question.from, question.to)) {
      return {was(downtime->type), downtime};
    }
  }
  if (summary.timers.up > kNone) return {StepState::kUp, nullptr};
  if (summary.timers.unknown > kNone) return {StepState::kUnknown, nullptr};
  return {};
}

}  // namespace meshcheck::sla

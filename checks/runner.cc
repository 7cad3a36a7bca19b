#include "checks/runner.h"

#include <algorithm>
#include <utility>

namespace meshcheck::checks {
namespace {

using sla::Status;

constexpr sla::Milliseconds kEpisodePeriod{1000};

std::vector<RunSchedule::Timing> timings_of(const std::vector<Runner::Item>& items) {
  std::vector<RunSchedule::Timing> timings;
  timings.reserve(items.size());
  for (const auto& item : items) {
    timings.push_back({item.spec.period, item.spec.timeout, item.spec.grace});
  }
  return timings;
}

// A result is good until the one after the next should be there.
std::vector<sla::Recorder::Check> recorded(const std::vector<Runner::Item>& items) {
  std::vector<sla::Recorder::Check> checks;
  checks.reserve(items.size());
  for (const auto& item : items) {
    checks.push_back({.ref = item.spec.ref, .valid_for = 2 * item.spec.period + item.spec.timeout});
  }
  return checks;
}

}  // namespace

Runner::Runner(uv::Loop& loop, std::vector<Item> items, Options options)
    : loop_(loop),
      items_(std::move(items)),
      options_(std::move(options)),
      schedule_(timings_of(items_), options_.seed, loop.now()),
      recorder_(recorded(items_)),
      noted_(items_.size(), Status::kNoData),
      wake_timer_(loop, [this] { wake(); }),
      beat_timer_(loop, [this] { schedule_.beat(Clock::now()); }),
      episode_timer_(loop, [this] {
        auto episodes = recorder_.advance(WallClock::now());
        if (!episodes.empty()) options_.on_episodes(std::move(episodes));
      }) {
  beat_timer_.start_repeating(RunSchedule::kBeatPeriod);
  episode_timer_.start_repeating(kEpisodePeriod);
}

void Runner::enable(const std::function<bool(const sla::CheckSpec&)>& wanted) {
  for (std::size_t index = 0; index < items_.size(); ++index) {
    const bool enabled = wanted(items_[index].spec);
    if (schedule_.enabled(index) && !enabled) {
      items_[index].check->cancel();
      recorder_.record(index, Status::kNoData, WallClock::now());
      noted_[index] = Status::kNoData;
    }
    schedule_.enable(index, enabled, loop_.now());
  }
  arm();
}

void Runner::arm() {
  const auto wake = schedule_.wake_at();
  if (!wake) {
    wake_timer_.stop();
    return;
  }
  const auto delay = std::chrono::ceil<sla::Milliseconds>(*wake - loop_.now());
  wake_timer_.start(std::max(delay, sla::Milliseconds(0)));
}

void Runner::wake() {
  const auto now = loop_.now();
  for (const std::size_t index : schedule_.overdue(now)) {
    const CheckResult result = items_[index].check->timed_out();
    items_[index].check->cancel();
    finish(index, result);
  }
  for (const std::size_t index : schedule_.take_due(now)) {
    items_[index].check->start([this, index](const CheckResult& result) {
      finish(index, result);
      arm();
    });
  }
  arm();
}

void Runner::finish(std::size_t index, const CheckResult& result) {
  const Status status = schedule_.end(index, result.status, Clock::now());
  recorder_.record(index, status, WallClock::now());
  note(index, status, result.reason);
}

void Runner::note(std::size_t index, Status status, const std::string& reason) {
  const Status before = std::exchange(noted_[index], status);
  if (before == status) return;
  const std::string check = items_[index].spec.text();
  if (status == Status::kDown) {
    options_.log.warning("check failed", {{"check", check}, {"why", reason}});
  } else if (status == Status::kUnknown) {
    options_.log.info("check cannot tell", {{"check", check}, {"why", reason}});
  } else if (before != Status::kNoData) {
    options_.log.info("check passes again", {{"check", check}});
  }
}

}  // namespace meshcheck::checks

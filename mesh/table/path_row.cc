#include "mesh/table/path_row.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "lib/base/random.h"

namespace meshcheck::mesh {
namespace {

constexpr std::chrono::milliseconds kAgeUnit{10};

std::uint16_t narrow(std::uint32_t count) {
  return static_cast<std::uint16_t>(
      std::min<std::uint32_t>(count, std::numeric_limits<std::uint16_t>::max()));
}

// One below kNever at most, which stands for absence.
template <typename Duration>
std::uint32_t narrow(Duration time) {
  using Count = typename Duration::rep;
  return static_cast<std::uint32_t>(std::clamp<Count>(time.count(), 0, PathRow::kNever - 1));
}

template <typename Duration>
std::uint32_t narrow(const std::optional<Duration>& time) {
  return time ? narrow(*time) : PathRow::kNever;
}

std::uint16_t hash_of(const IpAddress& address) {
  return static_cast<std::uint16_t>(hash(0, address.bytes()) >> 48U);
}

}  // namespace

PathRow::PathRow(const ReportPath& path)
    : state_age_ms(narrow(path.summary.state_age)),
      answer_age_ms(narrow(path.summary.answer_age)),
      jitter_forward_us(narrow(path.summary.jitter_forward)),
      jitter_backward_us(narrow(path.summary.jitter_backward)),
      sent(narrow(path.summary.sent)),
      lost(narrow(path.summary.lost)),
      lost_forward(narrow(path.summary.lost_forward)),
      lost_backward(narrow(path.summary.lost_backward)),
      late(narrow(path.summary.late)),
      duplicated(narrow(path.summary.duplicated)),
      reordered(narrow(path.summary.reordered)),
      relation(path.relation),
      kind(path.kind),
      cross_check(path.cross_check),
      family(path.family),
      state(path.summary.state) {
  if (const auto& times = path.summary.round_trips) {
    p50_us = narrow(times->p50);
    p90_us = narrow(times->p90);
    p99_us = narrow(times->p99);
    max_us = narrow(times->max);
  }
}

HeardRow::HeardRow(const Heard& heard)
    : ssid_(heard.ssid),
      address_(hash_of(heard.address)),
      age_10ms_(narrow(narrow(heard.age / kAgeUnit.count()))) {}

std::optional<std::chrono::milliseconds> HeardRow::age_of(std::span<const HeardRow> rows,
                                                          const IpAddress& address,
                                                          std::uint16_t ssid) {
  const std::uint16_t wanted = hash_of(address);
  std::optional<std::uint16_t> exact;
  std::optional<std::uint16_t> translated;
  for (const HeardRow& row : rows) {
    if (row.ssid_ != ssid) continue;
    auto& youngest = row.address_ == wanted ? exact : translated;
    youngest = std::min(row.age_10ms_, youngest.value_or(row.age_10ms_));
  }
  const auto age = exact ? exact : translated;
  if (!age) return std::nullopt;
  return *age * kAgeUnit;
}

}  // namespace meshcheck::mesh

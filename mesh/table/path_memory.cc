#include "mesh/table/path_memory.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace meshcheck::mesh {
namespace {

constexpr std::uint16_t kMinute = 55;  // Results, or nearly.
// What lasts for some minutes is not yet usual.
constexpr float kLearningSeconds = 320;
constexpr std::chrono::seconds kLately{60};

std::uint32_t seconds(Clock::time_point time) {
  using std::chrono::duration_cast;
  return static_cast<std::uint32_t>(
      duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

void approach(float& usual, std::uint32_t value_us, float weight) {
  const auto value = static_cast<float>(value_us);
  usual = usual == 0 ? value : usual + weight * (value - usual);
}

std::uint64_t key_of(const PathRow& row) {
  const auto part = [](auto value, unsigned shift) {
    return static_cast<std::uint64_t>(value) << shift;
  };
  return part(row.to, 16) | part(row.relation, 8) | part(row.kind, 4) | part(row.family, 0);
}

}  // namespace

void PathMemory::learn(const PathRow& row, Clock::time_point now) {
  losses_.told(row.lost, now);
  if (row.state == PathState::kDown) was_down_s_ = seconds(now);
  const bool whole = row.sent >= kMinute && row.p50_us != PathRow::kNever;
  if (whole && !was_down_lately(now)) learn_usual(row, seconds(now));
}

// By time and not by report, since agents in a hurry report more often.
void PathMemory::learn_usual(const PathRow& row, std::uint32_t now_s) {
  const auto passed = static_cast<float>(now_s - learned_s_);
  const float weight = std::min(1.0F, passed / kLearningSeconds);
  approach(usual_p50_us_, row.p50_us, weight);
  approach(usual_p90_us_, row.p90_us, weight);
  learned_s_ = now_s;
}

bool PathMemory::was_down_lately(Clock::time_point now) const {
  return was_down_s_ != 0 && seconds(now) - was_down_s_ <= kLately.count();
}

std::vector<PathMemory> remember(std::span<const PathRow> rows_before,
                                 std::span<const PathMemory> before, std::span<const PathRow> rows,
                                 Clock::time_point now) {
  assert(rows_before.size() == before.size());
  std::vector<PathMemory> memories(rows.size());
  std::vector<std::uint32_t> by_key;  // Made once a path is not where it was.
  const auto find = [&](const PathRow& row, std::size_t at) -> const PathMemory* {
    const std::uint64_t key = key_of(row);
    if (at < before.size() && key_of(rows_before[at]) == key) return &before[at];
    if (by_key.empty()) {
      by_key.resize(before.size());
      std::iota(by_key.begin(), by_key.end(), 0U);
      std::sort(by_key.begin(), by_key.end(), [&](std::uint32_t a, std::uint32_t b) {
        return key_of(rows_before[a]) < key_of(rows_before[b]);
      });
    }
    const auto found = std::lower_bound(
        by_key.begin(), by_key.end(), key,
        [&](std::uint32_t a, std::uint64_t b) { return key_of(rows_before[a]) < b; });
    const bool known = found != by_key.end() && key_of(rows_before[*found]) == key;
    return known ? &before[*found] : nullptr;
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (const PathMemory* const known = find(rows[i], i)) memories[i] = *known;
    memories[i].learn(rows[i], now);
  }
  return memories;
}

}  // namespace meshcheck::mesh

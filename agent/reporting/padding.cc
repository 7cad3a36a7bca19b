#include "agent/reporting/padding.h"

#include <algorithm>
#include <cassert>

namespace meshcheck::agent {

using std::chrono::milliseconds;

void LossJudge::stalled(PaddingStage stage, Clock::time_point begun) {
  assert(stage != PaddingStage::kNone);
  if (stage == PaddingStage::kConnect) {
    if (lost()) stage_ = stage;
    return;
  }
  if (stalls_ == 0) since_ = begun;
  stalls_ = std::min(stalls_ + 1, kStallsMin);
  stage_ = stage;
}

LossJudge::Change LossJudge::arrived() {
  const bool back = announced_;
  *this = LossJudge();
  return back ? Change::kBack : Change::kNone;
}

LossJudge::Change LossJudge::small_arrived() {
  if (suspected()) return Change::kSuspected;
  if (!lost() || announced_) return Change::kNone;
  announced_ = true;
  return Change::kLost;
}

// It may be that nothing passes. An announced finding stays.
void LossJudge::small_failed() {
  if (!announced_) *this = LossJudge();
}

void LossJudge::describe(Clock::time_point now, mesh::ReportPadding& padding) const {
  if (!lost()) return;
  padding.lost_for = std::chrono::duration_cast<milliseconds>(now - since_);
  padding.stage = stage_;
}

void Padding::begin_round(std::size_t elements) {
  asked_ = elements;
  stalled_ = false;
}

void Padding::stalled(PaddingStage stage, Clock::time_point begun) {
  assert(!stalled_);
  stalled_ = true;
  // All of it arrived, and the server was slow: it shows nothing of sizes, whichever way.
  if (stage != PaddingStage::kAnswer) judge_.stalled(stage, begun);
}

Padding::Change Padding::accepted() {
  return stalled_ ? judge_.small_arrived() : judge_.arrived();
}

void Padding::failed() {
  if (stalled_) judge_.small_failed();
}

mesh::ReportPadding Padding::describe(Clock::time_point now) const {
  mesh::ReportPadding padding;
  padding.requested = 2 * asked_;
  if (stalled_) judge_.describe(now, padding);
  return padding;
}

milliseconds padded_timeout(milliseconds left, milliseconds interval) {
  const milliseconds least = std::min<milliseconds>(interval / 2, std::chrono::seconds(1));
  return std::clamp(left / 3, least, kPaddedTimeoutMax);
}

std::array<std::size_t, kSweepSizes> sweep_elements(const SweepBasis& basis) {
  std::array<std::size_t, kSweepSizes> sizes{};
  std::size_t count = 0;
  if (basis.mss != 0) {
    const std::size_t least = basis.unpadded / basis.mss + 1;
    for (const std::size_t segments : {least, least + 1, least + 4}) {
      // n elements have n - 1 commas between them.
      const std::size_t at = (segments * basis.mss - basis.unpadded + 1) / 2;
      for (const std::size_t elements : {std::max<std::size_t>(at, 1) - 1, at, at + 1}) {
        sizes.at(count++) = std::min(elements, kPaddingElementsMax);
      }
    }
  }
  sizes.at(count++) = 0;
  sizes.at(count++) = 1500 / 2;
  sizes.at(count++) = 9000 / 2;
  std::fill(sizes.begin() + static_cast<std::ptrdiff_t>(count), sizes.end(), basis.elements);
  return sizes;
}

}  // namespace meshcheck::agent

#include "mesh/pmtu/fragments.h"

#include <algorithm>

#include "mesh/pmtu/loss_estimate.h"

namespace meshcheck::mesh {
namespace {

constexpr std::uint32_t kPacketMax = 65535;

// Three packets instead of two, and some margin, as the loss is an estimate.
double of_fragments(double loss) {
  return std::min(0.95, 1.75 * loss);
}

}  // namespace

bool FragmentTest::enabled() const {
  return small_probes_pass_ && link_mtu_ > 0 && link_mtu_ + options_->excess <= kPacketMax;
}

void FragmentTest::set_link_mtu(std::uint32_t mtu, Clock::time_point now) {
  const auto limited = static_cast<std::uint16_t>(std::min(mtu, kPacketMax));
  if (limited == link_mtu_) return;
  link_mtu_ = limited;
  result_ = FragmentsResult::kUnknown;
  void_pending(now);
}

void FragmentTest::small_probes(bool pass, Clock::time_point now) {
  if (pass == small_probes_pass_) return;
  small_probes_pass_ = pass;
  void_pending(now);
}

void FragmentTest::void_pending(Clock::time_point now) {
  under_way_ = false;
  doubtful_ = false;
  losses_ = 0;
  due_ = now;
}

std::optional<FragmentTest::Probe> FragmentTest::next(double loss, Clock::time_point now) {
  tick(loss, now);
  if (!enabled() || under_way_ || now < due_) return std::nullopt;
  under_way_ = true;
  due_ = now + options_->probe_timer;
  return Probe{.size = static_cast<std::uint16_t>(link_mtu_ + options_->excess),
               .cookie = ++cookie_};
}

void FragmentTest::tick(double loss, Clock::time_point now) {
  if (!under_way_ || now < due_) return;
  under_way_ = false;
  losses_ = static_cast<std::uint8_t>(std::min(losses_ + 1, 255));
  const unsigned needed = std::max(
      options_->losses_min, LossEstimate::losses_needed(of_fragments(loss), options_->doubt));
  if (losses_ >= needed) result_ = FragmentsResult::kLost;
  doubtful_ = result_ != FragmentsResult::kLost;
  due_ = doubtful_ ? now : now + options_->interval;
}

bool FragmentTest::acknowledged(std::uint16_t cookie, Clock::time_point now) {
  if (!under_way_ || cookie != cookie_ || !enabled()) return false;
  under_way_ = false;
  losses_ = 0;
  const bool first = result_ == FragmentsResult::kLost && !doubtful_;
  if (!first) result_ = FragmentsResult::kPassed;
  doubtful_ = first;
  due_ = first ? now : now + options_->interval;
  return true;
}

Clock::time_point FragmentTest::due(Clock::time_point gate) const {
  if (!enabled()) return Clock::time_point::max();
  return under_way_ ? due_ : std::max(gate, due_);
}

}  // namespace meshcheck::mesh

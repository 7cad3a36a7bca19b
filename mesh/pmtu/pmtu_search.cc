#include "mesh/pmtu/pmtu_search.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>

#include "mesh/pmtu/search_sizes.h"

namespace meshcheck::mesh {
namespace {

// Of the upper edge in one round; beside it are up to three of the lower one.
constexpr unsigned kEdgeProbesMax = 4;

std::uint8_t saturated(unsigned count) {
  return static_cast<std::uint8_t>(std::min(count, 255U));
}

}  // namespace

std::uint16_t PmtuSearch::size_max() const {
  return refused_ == 0 ? link_mtu_ : std::min(link_mtu_, refused_);
}

std::uint16_t PmtuSearch::base() const {
  return std::min(options_->size_base, size_max());
}

// The least that does not pass: it stayed silent, or nobody would send it.
std::uint16_t PmtuSearch::bound() const {
  return high_ != 0 ? high_ : static_cast<std::uint16_t>(size_max() + 1U);
}

unsigned PmtuSearch::losses_for_drop() const {
  return std::max(options_->losses_min,
                  LossEstimate::losses_needed(estimate_.share(), options_->losses_doubt));
}

unsigned PmtuSearch::losses_for_edge() const {
  const unsigned least =
      low_ < options_->size_min ? options_->nothing_losses_min : options_->edge_losses_min;
  return std::max(least, LossEstimate::losses_needed(estimate_.share(), options_->edge_doubt));
}

void PmtuSearch::set_link_mtu(std::uint32_t mtu, Clock::time_point now) {
  // One less than 16 bits hold, so that bound() fits; no link but loopback is as large.
  const auto limited = static_cast<std::uint16_t>(std::min(mtu, 65534U));
  if (limited == link_mtu_) return;
  link_mtu_ = limited;
  refused_ = 0;
  hint_ = 0;
  begin(now);
}

void PmtuSearch::small_probes(bool pass, Clock::time_point now) {
  if (pass == small_probes_pass_) return;
  small_probes_pass_ = pass;
  if (!pass) {
    if (result_) hint_ = result_->size;
    result_.reset();
  }
  begin(now);
}

void PmtuSearch::begin(Clock::time_point now) {
  round_.close();
  low_ = high_ = higher_ = 0;
  high_losses_ = suspicion_ = 0;
  if (!small_probes_pass_ || link_mtu_ < options_->size_min) {
    state_ = State::kDisabled;
    result_.reset();
    return;
  }
  plan_base(now);
}

// What passed does not any more: a black hole, as RFC 8899 calls it. If that was chance after all,
// one answer to `high_` takes everything back.
void PmtuSearch::drop(Clock::time_point now) {
  higher_ = high_;
  high_ = low_;
  high_losses_ = suspicion_;
  low_ = 0;
  suspicion_ = 0;
  plan_base(now);
}

void PmtuSearch::complete(std::uint16_t size, Clock::time_point now) {
  round_.close();
  state_ = size == 0 ? State::kError : State::kSearchComplete;
  purpose_ = Purpose::kConfirm;
  suspicion_ = 0;
  result_ = {.size = size, .link_mtu = link_mtu_, .confirmed = now};
  raise_due_ = now + options_->raise_timer;
}

bool PmtuSearch::busy() const {
  if (state_ == State::kDisabled) return false;
  return suspicion_ > 0 || (purpose_ != Purpose::kConfirm && purpose_ != Purpose::kRaise);
}

std::uint16_t PmtuSearch::size_passed() const {
  return low_ < options_->size_min ? std::uint16_t{0} : low_;
}

// Each round has one purpose: plan_*() chooses its sizes, and conclude_*() says what follows when
// all were answered or had their time. Side by side eight sizes cost 1.8 s and not eight. A silence
// is judged only then, an answer at once (passed()): it proves a size whatever becomes of the rest.
// A round that the kernel's refusal or a stall of the program cut short is planned again from the
// edges that are known, and nothing is judged by half of it.
void PmtuSearch::open_round(Purpose purpose, Clock::time_point now) {
  purpose_ = purpose;
  round_.begin(now);
}

void PmtuSearch::plan_base(Clock::time_point now) {
  state_ = State::kBase;
  open_round(Purpose::kBase, now);
  const auto count = std::min<std::size_t>(losses_for_drop(), ProbeRound::kSizesMax);
  for (std::size_t i = 0; i < count; ++i) round_.add(base());
}

void PmtuSearch::plan_search(Clock::time_point now) {
  if (low_ >= size_max()) {
    complete(low_, now);
    return;
  }
  if (high_ != 0 && low_ + 1 == high_) {
    // What was lost before the last round may be from before the path changed.
    high_losses_ = std::min(high_losses_, std::uint8_t{1});
    plan_verify(now);
    return;
  }
  open_round(Purpose::kSearch, now);
  add_search_sizes(round_, {.low = low_,
                            .high = high_,
                            .size_max = size_max(),
                            .hint = std::exchange(hint_, std::uint16_t{0})});
}

void PmtuSearch::plan_verify(Clock::time_point now) {
  open_round(Purpose::kVerify, now);
  const unsigned needed = losses_for_edge();
  const unsigned missing = needed > high_losses_ ? needed - high_losses_ : 1;
  const unsigned count = std::min(missing, kEdgeProbesMax);
  const bool with_controls = low_ >= options_->size_min;
  for (unsigned i = 1; i <= count; ++i) {
    round_.add(high_);
    if (with_controls && i == count / 2) round_.add(low_);
  }
  // The lower edge has the last word: it may have moved while the upper one was looked at.
  for (unsigned i = 0; with_controls && i < 2; ++i) round_.add(low_);
}

void PmtuSearch::plan_confirm(unsigned count, Clock::time_point now) {
  open_round(Purpose::kConfirm, now);
  for (std::size_t i = 0; i < std::min<std::size_t>(count, ProbeRound::kSizesMax); ++i) {
    round_.add(low_);
  }
}

void PmtuSearch::plan_raise(Clock::time_point now) {
  open_round(Purpose::kRaise, now);
  raise_due_ = now + options_->raise_timer;
  if (state_ == State::kError) {
    round_.add(base());
    if (options_->size_min < base()) round_.add(options_->size_min);
    return;
  }
  if (low_ >= size_max()) refused_ = 0;  // Asks the own kernel again.
  round_.add(static_cast<std::uint16_t>(low_ + 1U));
}

std::optional<PmtuSearch::Probe> PmtuSearch::next(Clock::time_point now) {
  tick(now);
  if (state_ == State::kDisabled) return std::nullopt;
  if (!round_.open()) {
    if (busy()) {
      // The round was given up: the same again.
      state_ == State::kBase ? plan_base(now) : plan_search(now);
    } else if (state_ == State::kSearchComplete &&
               now >= result_->confirmed + options_->confirmation_timer) {
      plan_confirm(1, now);
    } else if (result_->size < link_mtu_ && now >= raise_due_) {
      plan_raise(now);
    }
  }
  const std::optional<std::uint16_t> size = round_.unsent();
  if (!size || now < round_.send_due(options_->spacing)) return std::nullopt;
  return Probe{.size = *size, .cookie = round_.send(now)};
}

void PmtuSearch::tick(Clock::time_point now) {
  if (!round_.open()) return;
  if (round_.stale(now)) {
    void_pending();
    return;
  }
  round_.expire(now, options_->probe_timer);
  conclude(now);
}

bool PmtuSearch::acknowledged(std::uint16_t cookie, Clock::time_point now) {
  const std::optional<std::size_t> index = round_.find(cookie);
  if (!index || state_ == State::kDisabled) return false;
  round_.answer(*index);
  if (!round_.open()) return true;  // Too late to matter.
  estimate_.answered();
  passed(round_.size(*index), now);
  conclude(now);
  return true;
}

void PmtuSearch::lost(std::uint16_t cookie, Clock::time_point now) {
  const std::optional<std::size_t> index = round_.find(cookie);
  if (!index || !round_.open()) return;
  round_.lose(*index);
  conclude(now);
}

bool PmtuSearch::too_big(std::uint16_t cookie, std::uint32_t mtu) {
  const std::optional<std::size_t> index = round_.find(cookie);
  if (!index || mtu < options_->size_min || mtu >= round_.size(*index)) return false;
  hint_ = static_cast<std::uint16_t>(mtu);
  return true;
}

void PmtuSearch::refused(std::uint16_t cookie, std::uint32_t mtu, Clock::time_point now) {
  const std::optional<std::size_t> index = round_.find(cookie);
  if (!index || !round_.open()) return;
  if (mtu < options_->size_min || mtu >= round_.size(*index)) {
    lost(cookie, now);
    return;
  }
  refused_ = static_cast<std::uint16_t>(mtu);
  if (low_ > refused_) {
    begin(now);
    return;
  }
  if (high_ > refused_) high_ = higher_ = 0;
  switch (purpose_) {
    case Purpose::kBase:
      plan_base(now);
      break;
    case Purpose::kSearch:
    case Purpose::kVerify:
      plan_search(now);
      break;
    case Purpose::kConfirm:
    case Purpose::kRaise:
      round_.close();
  }
}

// `size` was answered.
void PmtuSearch::passed(std::uint16_t size, Clock::time_point now) {
  if (purpose_ == Purpose::kConfirm) {
    estimate_.lost(suspicion_);
    suspicion_ = 0;
    result_->confirmed = now;
    round_.close();
    return;
  }
  if (purpose_ == Purpose::kRaise) high_ = higher_ = 0;
  low_ = std::max(low_, size);
  const bool refuted = high_ != 0 && low_ >= high_;
  if (refuted) {
    suspicion_ = 0;
    // So many that chance would be odd were the path's doing, which has changed.
    if (high_losses_ < losses_for_drop()) estimate_.lost(high_losses_);
    high_ = higher_ > low_ ? higher_ : std::uint16_t{0};
    higher_ = 0;
    high_losses_ = 0;
  }
  if (state_ != State::kError || low_ >= base()) state_ = State::kSearching;
  if (low_ >= size_max()) {
    complete(low_, now);
  } else if (purpose_ == Purpose::kBase || purpose_ == Purpose::kRaise ||
             (purpose_ == Purpose::kVerify && refuted)) {
    plan_search(now);
  } else if (purpose_ == Purpose::kSearch && round_.unsent() && *round_.unsent() <= low_) {
    round_.cut();
  }
}

void PmtuSearch::conclude(Clock::time_point now) {
  if (!round_.open()) return;
  if (!round_.finished(purpose_ == Purpose::kSearch ? low_ : std::uint16_t{0})) return;
  switch (purpose_) {
    case Purpose::kBase:
      conclude_base(now);
      break;
    case Purpose::kSearch:
      conclude_search(now);
      break;
    case Purpose::kVerify:
      conclude_verify(now);
      break;
    case Purpose::kConfirm:
      conclude_confirm(now);
      break;
    case Purpose::kRaise:
      round_.close();
  }
}

void PmtuSearch::conclude_base(Clock::time_point now) {
  state_ = State::kError;
  low_ = static_cast<std::uint16_t>(options_->size_min - 1U);
  if (high_ == 0 || high_ > base()) {
    higher_ = high_;
    high_ = base();
    high_losses_ = 0;
  }
  if (high_ == base()) high_losses_ = saturated(high_losses_ + unsigned(round_.count()));
  plan_search(now);
}

void PmtuSearch::conclude_search(Clock::time_point now) {
  std::uint16_t silent = 0;  // The two smallest that were.
  std::uint16_t silent_next = 0;
  for (std::size_t index = 0; index < round_.count(); ++index) {  // Sizes fall.
    if (!round_.lost(index)) continue;
    if (round_.size(index) <= low_) {
      estimate_.lost();
    } else {
      silent_next = silent;
      silent = round_.size(index);
    }
  }
  if (silent != 0 && silent == high_) {
    high_losses_ = saturated(high_losses_ + 1U);
  } else if (silent != 0) {
    higher_ = silent_next != 0 ? silent_next : high_;
    high_ = silent;
    high_losses_ = 1;
  }
  plan_search(now);
}

void PmtuSearch::conclude_verify(Clock::time_point now) {
  // An answer at the upper edge ended the round before: there all were lost.
  unsigned edge_lost = 0;
  unsigned controls_lost = 0;
  bool control_answered = false;
  for (std::size_t index = 0; index < round_.count(); ++index) {
    const bool control = round_.size(index) == low_;
    edge_lost += control ? 0U : 1U;
    controls_lost += control && round_.lost(index) ? 1U : 0U;
    control_answered = control_answered || (control && round_.answered(index));
  }
  high_losses_ = saturated(high_losses_ + edge_lost);
  const bool nothing_passes = low_ < options_->size_min;
  if (control_answered) {
    estimate_.lost(controls_lost + suspicion_);
    suspicion_ = 0;
  } else if (!nothing_passes) {
    suspicion_ = saturated(suspicion_ + controls_lost);
    if (suspicion_ >= losses_for_drop()) {
      drop(now);
      return;
    }
  }
  const std::size_t last = round_.count() - 1;
  const bool confirmed = nothing_passes || round_.answered(last) || round_.answered(last - 1);
  if (confirmed && high_losses_ >= losses_for_edge()) {
    complete(size_passed(), now);
  } else {
    plan_verify(now);
  }
}

void PmtuSearch::conclude_confirm(Clock::time_point now) {
  suspicion_ = saturated(suspicion_ + unsigned(round_.count()));
  const unsigned needed = losses_for_drop();
  if (suspicion_ >= needed) {
    drop(now);
  } else {
    plan_confirm(needed - suspicion_, now);
  }
}

Clock::time_point PmtuSearch::due(Clock::time_point gate) const {
  if (state_ == State::kDisabled) return Clock::time_point::max();
  if (round_.open()) {
    const Clock::time_point expiry = round_.expiry_due(options_->probe_timer);
    if (!round_.unsent()) return expiry;
    return std::min(expiry, std::max(gate, round_.send_due(options_->spacing)));
  }
  if (busy()) return gate;
  Clock::time_point timer = Clock::time_point::max();
  if (state_ == State::kSearchComplete) timer = result_->confirmed + options_->confirmation_timer;
  if (result_->size < link_mtu_) timer = std::min(timer, raise_due_);
  return std::max(gate, timer);
}

}  // namespace meshcheck::mesh

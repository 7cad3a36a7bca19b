// The largest packet that a path carries in one direction: RFC 8899, in
// doc/internals/pmtu_search.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "lib/base/time.h"
#include "mesh/pmtu/loss_estimate.h"
#include "mesh/pmtu/probe_round.h"

namespace meshcheck::mesh {

// One direction of one path. An answer proves that a size passes; silence proves nothing and only
// narrows the search. The search is complete when its upper edge, one byte more than the size that
// passes, stayed silent at least `edge_losses_min` times beside answers at the lower edge, and
// often enough that chance has at most the probability `edge_doubt`. Sizes are bytes of the IP
// packet. Reads no clock; one thread; plain value, to be kept and moved.
class PmtuSearch {
 public:
  // As RFC 8899 section 5.2. kDisabled: the path is down or unknown, or the link's MTU is.
  enum class State : std::uint8_t { kDisabled, kBase, kSearching, kSearchComplete, kError };

  struct Options {
    std::uint16_t size_min = 576;                                  // MIN_PLPMTU; 1280 for IPv6.
    std::uint16_t size_base = 1280;                                // BASE_PLPMTU
    Clock::duration probe_timer = std::chrono::seconds(1);         // PROBE_TIMER
    Clock::duration confirmation_timer = std::chrono::seconds(5);  // CONFIRMATION_TIMER
    Clock::duration raise_timer = std::chrono::seconds(8);         // PMTU_RAISE_TIMER
    unsigned losses_min = 3;       // MAX_PROBES: losses of the found size until a new search,
    double losses_doubt = 1e-3;    // and enough that chance has at most this probability.
    unsigned edge_losses_min = 6;  // Losses of the upper edge until the search is complete.
    double edge_doubt = 1e-8;
    unsigned nothing_losses_min = 32;  // Losses of size_min until nothing passes: 10 s.
    Clock::duration spacing = std::chrono::milliseconds(100);  // Between two probes.
  };

  struct Probe {
    std::uint16_t size = 0;
    std::uint16_t cookie = 0;
  };

  // The last search's result, valid while the next search is under way.
  struct Result {
    std::uint16_t size = 0;       // 0: not even size_min passes.
    std::uint16_t link_mtu = 0;   // The sender's, when `size` was found.
    Clock::time_point confirmed;  // When `size` was last answered; for size 0, when that was found.
  };

  // `options` outlives the search.
  explicit PmtuSearch(const Options* options) : options_(options) {}

  // Of the end that sends in this direction. 0: not known, no search.
  void set_link_mtu(std::uint32_t mtu, Clock::time_point now);
  // Whether the path works for small packets. After a pause the search first tries the size it
  // knew.
  void small_probes(bool pass, Clock::time_point now);

  // A probe to send now with DF set, if any. Calls tick().
  std::optional<Probe> next(Clock::time_point now);
  // Judges probes whose time is up; for a caller that cannot send now.
  void tick(Clock::time_point now);
  // False if no probe of the latest round has that cookie, or it was answered before.
  bool acknowledged(std::uint16_t cookie, Clock::time_point now);
  // Known to be lost before its timer ran out.
  void lost(std::uint16_t cookie, Clock::time_point now);
  // A router said that the probe was too big for `mtu`. A hint for the search; proves nothing.
  // False if it is not believed: no such unanswered probe, or an MTU that would have let it pass.
  bool too_big(std::uint16_t cookie, std::uint32_t mtu);
  // The probe was not sent: the own kernel allows only `mtu` (EMSGSIZE).
  void refused(std::uint16_t cookie, std::uint32_t mtu, Clock::time_point now);
  // The caller did not run for a while: probes under way are not judged.
  void void_pending() {
    round_.close();
    suspicion_ = 0;
  }

  State state() const { return state_; }
  // Nothing until a search was completed, and again nothing after the path was down.
  const std::optional<Result>& result() const { return result_; }
  // While searching: the largest size that passed (0: none yet) and the smallest that seems not to.
  std::uint16_t size_passed() const;
  std::uint16_t size_failed() const { return bound(); }
  // True while searching: probes at `spacing`. False: at the pace of the timers.
  bool busy() const;
  const LossEstimate& loss() const { return estimate_; }
  // When next() or tick() has something to do, if nothing may be sent before `gate`.
  Clock::time_point due(Clock::time_point gate = {}) const;

 private:
  // The purpose of the round's probes.
  enum class Purpose : std::uint8_t { kBase, kSearch, kVerify, kConfirm, kRaise };

  std::uint16_t size_max() const;
  std::uint16_t base() const;
  std::uint16_t bound() const;
  unsigned losses_for_drop() const;
  unsigned losses_for_edge() const;
  void begin(Clock::time_point now);
  void drop(Clock::time_point now);
  void complete(std::uint16_t size, Clock::time_point now);
  void open_round(Purpose purpose, Clock::time_point now);
  void plan_base(Clock::time_point now);
  void plan_search(Clock::time_point now);
  void plan_verify(Clock::time_point now);
  void plan_confirm(unsigned count, Clock::time_point now);
  void plan_raise(Clock::time_point now);
  void passed(std::uint16_t size, Clock::time_point now);
  void conclude(Clock::time_point now);
  void conclude_base(Clock::time_point now);
  void conclude_search(Clock::time_point now);
  void conclude_verify(Clock::time_point now);
  void conclude_confirm(Clock::time_point now);

  const Options* options_;
  ProbeRound round_;
  std::optional<Result> result_;
  Clock::time_point raise_due_;
  std::uint16_t link_mtu_ = 0;
  std::uint16_t refused_ = 0;  // The most that the own kernel allows; 0: as much as the link.
  std::uint16_t low_ = 0;      // The largest that passed in this search.
  std::uint16_t high_ = 0;     // The smallest above it that stayed silent; 0: none.
  std::uint16_t higher_ =
      0;  // The next larger silent one, used if `high_` passes after all; 0: none.
  std::uint16_t hint_ = 0;  // A size worth trying: from an ICMP message, or known from before.
  std::uint8_t high_losses_ = 0;  // Probes of the size `high_` lost in a row.
  std::uint8_t suspicion_ = 0;    // Probes of the found size lost in a row.
  State state_ = State::kDisabled;
  Purpose purpose_ = Purpose::kBase;
  LossEstimate estimate_;
  bool small_probes_pass_ = false;
};

}  // namespace meshcheck::mesh

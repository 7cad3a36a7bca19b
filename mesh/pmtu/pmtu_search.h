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

// One direction of one path. An answer proves a size, a silence proves nothing: sizes that were
// not answered only narrow the search, and it is complete when its upper edge, one byte more than
// what passes, stayed silent so often beside answers at the lower edge that chance is ruled out.
// Sizes are bytes of the IP packet. Reads no clock; one thread; plain value, to be kept and moved.
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
    unsigned losses_min = 3;       // MAX_PROBES: of the found size, until a search begins anew,
    double losses_doubt = 1e-3;    // and so many that chance has at most this probability.
    unsigned edge_losses_min = 6;  // Likewise of the upper edge, until the search is complete.
    double edge_doubt = 1e-8;
    unsigned nothing_losses_min = 32;  // Likewise of size_min, until nothing passes: 10 s.
    Clock::duration spacing = std::chrono::milliseconds(100);  // Between two probes.
  };

  struct Probe {
    std::uint16_t size = 0;
    std::uint16_t cookie = 0;
  };

  // What was last found out; stands while the next search is under way.
  struct Result {
    std::uint16_t size = 0;       // 0: not even size_min passes.
    std::uint16_t link_mtu = 0;   // Of the sender, when it was found out.
    Clock::time_point confirmed;  // When `size` was last answered; when it was told, for size 0.
  };

  // `options` outlives the search.
  explicit PmtuSearch(const Options* options) : options_(options) {}

  // Of the end that sends in this direction. 0: not known, no search.
  void set_link_mtu(std::uint32_t mtu, Clock::time_point now);
  // Whether the path works for small packets. Going on, the search tries first what it knew.
  void small_probes(bool pass, Clock::time_point now);

  // A probe to send now with DF set, if any. tick() is part of it.
  std::optional<Probe> next(Clock::time_point now);
  // Judges what had its time; for a caller that cannot send now.
  void tick(Clock::time_point now);
  // False if no probe of the latest round has that cookie, or it was answered before.
  bool acknowledged(std::uint16_t cookie, Clock::time_point now);
  // Known to be lost before its timer ran out.
  void lost(std::uint16_t cookie, Clock::time_point now);
  // A router said that the probe was too big for `mtu`. A hint where to look; proves nothing. False
  // if it is not to be believed: no such unanswered probe, or no MTU that could have stopped it.
  bool too_big(std::uint16_t cookie, std::uint32_t mtu);
  // The probe was not sent: the own kernel allows but `mtu` (EMSGSIZE).
  void refused(std::uint16_t cookie, std::uint32_t mtu, Clock::time_point now);
  // The caller did not run for a while: what is under way is not judged.
  void void_pending() {
    round_.close();
    suspicion_ = 0;
  }

  State state() const { return state_; }
  // Nothing until a search was completed; since the path was down, again nothing.
  const std::optional<Result>& result() const { return result_; }
  // While searching: what passes of late (0 for nothing yet) and the least that does not seem to.
  std::uint16_t size_passed() const;
  std::uint16_t size_failed() const { return bound(); }
  // Something is to be found out: probes at `spacing`. False: at the pace of the timers.
  bool busy() const;
  const LossEstimate& loss() const { return estimate_; }
  // When next() or tick() has something to do, if nothing may be sent before `gate`.
  Clock::time_point due(Clock::time_point gate = {}) const;

 private:
  // What the round's probes are for.
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
  std::uint16_t refused_ = 0;     // The own kernel allows no more; 0: as much as the link.
  std::uint16_t low_ = 0;         // The largest that passed in this search.
  std::uint16_t high_ = 0;        // The smallest above it that stayed silent; 0: none.
  std::uint16_t higher_ = 0;      // The next such one, for when `high_` passes after all; 0: none.
  std::uint16_t hint_ = 0;        // A size worth trying: an ICMP's, or what was known before.
  std::uint8_t high_losses_ = 0;  // Probes of the size `high_` lost in a row.
  std::uint8_t suspicion_ = 0;    // Probes of the found size lost in a row.
  State state_ = State::kDisabled;
  Purpose purpose_ = Purpose::kBase;
  LossEstimate estimate_;
  bool small_probes_pass_ = false;
};

}  // namespace meshcheck::mesh

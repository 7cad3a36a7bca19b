// Whether large packets get lost between an agent and the server: the decisions about it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "agent/config.h"
#include "lib/base/time.h"
#include "mesh/report/probing_report.h"

namespace meshcheck::agent {

using PaddingStage = mesh::ReportPadding::Stage;

// Judges one direction; told what becomes of large messages and of small ones. Large ones are lost
// when kStallsMin of them in a row stalled, each over a connection that was made, and a small one
// came through afterwards. The handshakes are small packets that passed in between: neither chance
// nor an outage looks like that. It ends with the first large one that arrives.
class LossJudge {
 public:
  static constexpr int kStallsMin = 2;
  enum class Change : std::uint8_t { kNone, kSuspected, kLost, kBack };

  // A large one. One that found no connection proves nothing.
  void stalled(PaddingStage stage, Clock::time_point begun);
  Change arrived();
  // A small one.
  Change small_arrived();
  void small_failed();

  // Neither lost nor suspected, in which case another large one should follow soon.
  bool clear() const { return stalls_ == 0; }
  bool suspected() const { return stalls_ > 0 && !lost(); }
  bool lost() const { return stalls_ == kStallsMin; }
  // Also while no small one has shown it yet: who hears of it knows that it came through.
  void describe(Clock::time_point now, mesh::ReportPadding& padding) const;

 private:
  int stalls_ = 0;  // In a row, at most kStallsMin.
  bool announced_ = false;
  Clock::time_point since_;  // Of the first of them.
  PaddingStage stage_ = PaddingStage::kNone;
};

// What padding the reports of a round have: what was asked for, until one stalls. From then on the
// round's reports have none, and are sent in small packets, since reports are large without it too.
class Padding {
 public:
  using Change = LossJudge::Change;

  void begin_round(std::size_t elements);
  // Of the report that is sent next, in elements of two bytes.
  std::size_t elements() const { return stalled_ ? 0 : asked_; }
  bool small() const { return stalled_; }

  // The report that was sent last, which was not small. One that the server's kernel has all of
  // (kAnswer) goes again without padding, too, but proves nothing.
  void stalled(PaddingStage stage, Clock::time_point begun);
  // The report that was sent last.
  Change accepted();
  void failed();

  bool clear() const { return judge_.clear(); }
  // For the report that is sent next: all but what is delivered. One that is not small claims no
  // loss, as it disproves it by arriving.
  mesh::ReportPadding describe(Clock::time_point now) const;

 private:
  std::size_t asked_ = 0;
  bool stalled_ = false;  // In this round.
  LossJudge judge_;
};

// How long something large may take: a third of what is left of the round, so that there is time
// for something small, and less than the server waits for a request.
inline constexpr std::chrono::milliseconds kPaddedTimeoutMax{8000};
std::chrono::milliseconds padded_timeout(std::chrono::milliseconds left,
                                         std::chrono::milliseconds interval);

inline constexpr std::size_t kSweepSizes = 13;

struct SweepBasis {
  std::size_t mss = 0;       // Of the last report's connection; 0: not known.
  std::size_t unpadded = 0;  // Bytes of the whole request without padding.
  std::size_t elements = 0;  // As configured.
};
// In elements: what makes the last of so many segments end two bytes before the MSS, at it (or
// one before, as elements have two bytes) and after it, for the least number of segments, one and
// four more; no padding; 1500 bytes; 9000; and as configured.
std::array<std::size_t, kSweepSizes> sweep_elements(const SweepBasis& basis);

}  // namespace meshcheck::agent

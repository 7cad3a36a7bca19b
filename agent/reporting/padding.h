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

// Judges one direction from the fate of large messages and of small ones. Large ones are lost when
// kStallsMin of them in a row stalled, each over a connection that was made, and a small one came
// through afterwards. The handshakes are small packets that passed in between: neither chance nor
// an outage looks like that. The loss ends with the first large one that arrives.
class LossJudge {
 public:
  static constexpr int kStallsMin = 2;
  enum class Change : std::uint8_t { kNone, kSuspected, kLost, kBack };

  // A large message stalled. One for which no connection was made proves nothing.
  void stalled(PaddingStage stage, Clock::time_point begun);
  Change arrived();
  // A small message arrived.
  Change small_arrived();
  void small_failed();

  // Neither lost nor suspected, in which case another large one should follow soon.
  bool clear() const { return stalls_ == 0; }
  bool suspected() const { return stalls_ > 0 && !lost(); }
  bool lost() const { return stalls_ == kStallsMin; }
  // Also describes stalls that no small message has confirmed yet: the report that carries this
  // confirms them by arriving.
  void describe(Clock::time_point now, mesh::ReportPadding& padding) const;

 private:
  int stalls_ = 0;  // In a row, at most kStallsMin.
  bool announced_ = false;
  Clock::time_point since_;  // Of the first of them.
  PaddingStage stage_ = PaddingStage::kNone;
};

// The padding of a round's reports: as asked for, until a report stalls. From then on the round's
// reports have none. They are sent in small packets, since reports are large without padding too.
class Padding {
 public:
  using Change = LossJudge::Change;

  void begin_round(std::size_t elements);
  // Of the report that is sent next, in elements of two bytes.
  std::size_t elements() const { return stalled_ ? 0 : asked_; }
  bool small() const { return stalled_; }

  // The report that was sent last, which was not small, stalled. At kAnswer the server's kernel has
  // all of it: it goes again without padding, and proves nothing.
  void stalled(PaddingStage stage, Clock::time_point begun);
  // The server took the report that was sent last.
  Change accepted();
  void failed();

  bool clear() const { return judge_.clear(); }
  // For the report that is sent next: all but `delivered`. A report that is not small claims no
  // loss, which its arrival would disprove.
  mesh::ReportPadding describe(Clock::time_point now) const;

 private:
  std::size_t asked_ = 0;
  bool stalled_ = false;  // In this round.
  LossJudge judge_;
};

// The timeout of a large message: a third of what is left of the round, which leaves time for a
// small one, and less than the server waits for a request.
inline constexpr std::chrono::milliseconds kPaddedTimeoutMax{8000};
std::chrono::milliseconds padded_timeout(std::chrono::milliseconds left,
                                         std::chrono::milliseconds interval);

inline constexpr std::size_t kSweepSizes = 13;

struct SweepBasis {
  std::size_t mss = 0;       // Of the last report's connection; 0: not known.
  std::size_t unpadded = 0;  // Bytes of the whole request without padding.
  std::size_t elements = 0;  // As configured.
};
// In elements. For the least number of segments, for one more and for four more: the last segment
// ends two bytes before the MSS, at it (or one before, as elements have two bytes) and after it.
// Then no padding; 1500 bytes; 9000; and as configured.
std::array<std::size_t, kSweepSizes> sweep_elements(const SweepBasis& basis);

}  // namespace meshcheck::agent

// Whether packets larger than the sender's link, sent without DF, arrive in one direction.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "lib/base/time.h"

namespace meshcheck::mesh {

enum class FragmentsResult : std::uint8_t { kUnknown, kPassed, kLost };

// A probe at a time: a little larger than the link's MTU, so that the sender makes two fragments of
// it, a full one and a small one. Losing either is losing the probe. One answer proves that
// fragments pass; once they count as lost, two in a row do. They count as lost after
// Options::losses_min or more losses in a row, which rules out chance. Reads no clock; one thread;
// plain value.
class FragmentTest {
 public:
  struct Options {
    Clock::duration interval = std::chrono::seconds(12);  // Between probes while nothing changes.
    Clock::duration probe_timer =
        std::chrono::seconds(1);  // Without an answer by then, it is lost.
    std::uint16_t excess = 200;   // Bytes above the link's MTU.
    // Losses in a row until fragments count as lost: at least this many, also while the estimated
    // loss is too low,
    unsigned losses_min = 7;
    double doubt = 1e-6;  // and enough that chance has at most this probability.
  };

  struct Probe {
    std::uint16_t size = 0;
    std::uint16_t cookie = 0;
  };

  // `options` outlives the test.
  explicit FragmentTest(const Options* options) : options_(options) {}

  // Of the end that sends in this direction. 0: not known, no test. Another one begins anew.
  void set_link_mtu(std::uint32_t mtu, Clock::time_point now);
  // Whether the path works for small packets.
  void small_probes(bool pass, Clock::time_point now);

  // A probe to send now without DF, if any. `loss` is the share of single packets that get lost by
  // chance. Calls tick().
  std::optional<Probe> next(double loss, Clock::time_point now);
  void tick(double loss, Clock::time_point now);
  bool acknowledged(std::uint16_t cookie, Clock::time_point now);
  void void_pending(Clock::time_point now);

  FragmentsResult result() const { return result_; }
  // The result is unknown or in doubt.
  bool busy() const { return enabled() && (result_ == FragmentsResult::kUnknown || doubtful_); }
  // When next() or tick() has something to do, if nothing may be sent before `gate`.
  Clock::time_point due(Clock::time_point gate = {}) const;

 private:
  bool enabled() const;

  const Options* options_;
  Clock::time_point due_;  // When the next probe may go, or, if one is under way, when it is lost.
  std::uint16_t link_mtu_ = 0;
  std::uint16_t cookie_ = 0;
  std::uint8_t losses_ = 0;  // In a row.
  bool under_way_ : 1 = false;
  bool small_probes_pass_ : 1 = false;
  bool doubtful_ : 1 = false;  // The latest probe contradicts the result.
  FragmentsResult result_ = FragmentsResult::kUnknown;
};

}  // namespace meshcheck::mesh

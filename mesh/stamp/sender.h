// The asking end of STAMP: probes out, replies in, and in which direction packets were lost.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "mesh/stamp/tlv.h"

namespace meshcheck::stamp {

// One session with one reflector. Remembers the last `window` probes; a reply to an older one is
// refused, so the window has to outlast the time in which replies count. Reads no clock; one
// thread.
class Sender {
 public:
  struct Options {
    // Another one at each start, and not zero: a reflector that remembers the last session under
    // the same address would go on counting there.
    std::uint16_t ssid = 0;
    bool ssid_required = false;  // Refuse replies without it, from reflectors before RFC 8972.
    std::size_t window = 32;     // Probes remembered, at 40 octets each.
    ErrorEstimate error;         // Of this end's clock; its format is that of the probes.
    std::uint64_t first_sequence = 0;  // Not zero only in tests of the wrap.
  };

  // The form of one probe.
  struct Probe {
    std::size_t size = 0;  // Octets of UDP payload; at least as many as its TLVs need.
    // Set if it differs from the probe's. At least as many octets as the TLVs need; the reflector
    // rounds it up to a multiple of four, unless it is `exact`.
    std::optional<std::uint16_t> reply_size;
    bool exact = false;
    bool follow_up = false;  // Ask when the reply before really left.
    // The last answer's, or 0; needed for replies that are much larger than their requests.
    std::optional<std::uint64_t> address_token;
  };

  struct Sent {
    std::uint32_t sequence = 0;
    Bytes packet;  // Within `out`.
  };

  struct Answer {
    std::uint32_t sequence = 0;            // Of the probe.
    std::uint32_t reflector_sequence = 0;  // Of the reply.
    WallTime sent;
    WallTime reflector_received;
    WallTime reflector_sent;
    WallTime received;
    ErrorEstimate reflector_error;
    std::uint8_t ttl = 0;      // Of the probe on arrival.
    bool duplicate = false;    // The probe was answered before.
    bool reordered = false;    // A later probe was answered before.
    bool tlvs_trusted = true;  // False: the TLVs were damaged on the way; not looked at.
    bool resized = false;      // The reply has the requested size; see Probe.
    std::optional<FollowUpTelemetry> follow_up;
    std::optional<std::uint64_t> address_token;

    // Without the time at the reflector, whose clock need not agree with ours.
    std::chrono::nanoseconds round_trip() const {
      return (received - sent) - (reflector_sent - reflector_received);
    }
  };

  // Up to the latest answered probe: the direction of later losses is not known yet. A late reply
  // takes its loss back.
  struct Totals {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;  // Probes answered.
    std::uint64_t duplicated = 0;
    std::uint64_t reordered = 0;
    std::uint64_t lost_forward = 0;   // Never reached the reflector.
    std::uint64_t lost_backward = 0;  // Reached it, but the reply never came.
    std::uint64_t restarts = 0;       // The reflector began to count anew.
  };

  // `key` outlives the sender; none means unauthenticated mode.
  Sender(Options options, const Key* key);

  // Replies to probes that another key signed are refused from now on.
  void use_key(const Key* key) { key_ = key; }

  // The octets of a probe with those TLVs and no padding.
  std::size_t size_min(const Probe& probe) const;

  // REQUIRES: `out` holds size_min(probe) and probe.size, and four octets more: where up to three
  // are missing, the packet grows, since padding has a header.
  Sent send(const Probe& probe, WallTime now, WritableBytes out);
  // When the probe really left, if that becomes known more exactly later.
  void transmitted(std::uint32_t sequence, WallTime time);

  // An error says why the packet answers no probe of ours; then no count changes.
  Result<Answer> receive(Bytes packet, WallTime received);

  Totals totals() const;

 private:
  struct InFlight {
    std::uint64_t sequence = 0;
    WallTime sent;
    Timestamp timestamp;  // As written: a forger would have to guess it.
    std::uint32_t reflector_sequence = 0;
    bool answered = false;
    std::size_t reply_size = 0;  // The size that the reply has to have; 0: any.
  };
  // A stretch in which the reflector counted without a break.
  struct Stretch {
    std::uint64_t first = 0;            // Of our probes.
    std::uint64_t newest = 0;           // The latest answered.
    std::uint32_t reflector_first = 0;  // The first of its replies.
    std::uint32_t reflector_newest = 0;
    WallTime reflector_sent;     // At reflector_newest.
    std::uint64_t received = 0;  // Probes answered.
    // Probes that reached it, less its own count: minus one for each that it got twice.
    std::int64_t reached_besides = 0;
  };

  InFlight* find(std::uint32_t sequence);
  void read_tlvs_of(Bytes packet, const InFlight& probe, Answer& answer) const;
  void count(InFlight& probe, Answer& answer);
  void begin_stretch(std::uint64_t first, const InFlight& probe, const Answer& answer);
  bool has_restarted(const Answer& answer) const;
  void add_losses(Totals& totals) const;

  Options options_;
  const Key* key_;
  std::uint64_t next_;
  std::vector<InFlight> in_flight_;  // A ring: a probe is at its sequence modulo the window.
  std::optional<Stretch> stretch_;
  Totals settled_;  // Of earlier stretches, and counts that need no stretch.
};

}  // namespace meshcheck::stamp

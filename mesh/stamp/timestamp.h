// Times and their quality as STAMP packets carry them.
#pragma once

#include <chrono>
#include <cstdint>

#include "lib/base/time.h"

namespace meshcheck::stamp {

// The Z flag of an error estimate (RFC 8186 section 2.3).
enum class TimestampFormat : std::uint8_t {
  kNtp = 0,  // Seconds since 1900 and a binary fraction, 32 bits each (RFC 5905 section 6).
  kPtp = 1,  // Seconds since 1970 and nanoseconds, 32 bits each (IEEE 1588v2, truncated).
};

// Eight octets as they are on the wire. A reflector copies foreign ones without reading them, so
// any value is allowed; its meaning depends on the format in the error estimate beside it.
struct Timestamp {
  std::uint64_t bits = 0;

  // Both formats count the seconds of WallTime, which is UTC. A PTP clock counts TAI; round trips
  // do not see the difference, one-way delays do.
  static Timestamp from(WallTime time, TimestampFormat format);

  // Exact to the nanosecond. Seconds wrap after 136 years: NTP is read as 1968 to 2104 (first bit
  // set: before 2036, RFC 4330 section 3), PTP as 1970 to 2106.
  WallTime time(TimestampFormat format) const;

  friend bool operator==(const Timestamp&, const Timestamp&) = default;
};

// Two octets: S, Z, Scale (6 bits), Multiplier (8 bits); RFC 4656 section 4.1.2.
struct ErrorEstimate {
  bool synchronized = false;  // S: an external source, such as NTP or GPS, sets this clock.
  TimestampFormat format = TimestampFormat::kNtp;
  std::uint8_t scale = 0;       // 0 to 63.
  std::uint8_t multiplier = 1;  // Sending zero is forbidden; some senders do, so it is read.

  static ErrorEstimate parse(std::uint16_t bits);
  std::uint16_t bits() const;

  // The smallest estimate that is not below `error`, which is not negative.
  static ErrorEstimate of(std::chrono::nanoseconds error, bool synchronized);
  // Multiplier * 2^(Scale - 32) seconds, rounded up; at most the largest duration.
  std::chrono::nanoseconds error() const;

  friend bool operator==(const ErrorEstimate&, const ErrorEstimate&) = default;
};

}  // namespace meshcheck::stamp

// A path that is probed with STAMP: packets out, packets in, and the path's state.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "mesh/path/path.h"
#include "mesh/stamp/sender.h"

namespace meshcheck::mesh {

// Joins stamp::Sender, which knows the packets, and Path, which judges. Every probe asks for the
// follow-up telemetry, so once the next answer has come, a round trip is without the time that the
// reflector's program took. Reads no clock; one thread.
class StampPath {
 public:
  struct Options {
    Path::Options path;
    std::uint16_t ssid = 0;
    std::size_t probe_size = 0;  // Bytes of UDP payload; as few as possible if that is more.
    stamp::ErrorEstimate error;  // Of our clock.
  };

  // Both clocks at one moment.
  struct Now {
    WallTime wall;
    Clock::time_point steady;
  };

  // `key` outlives the path; none means unauthenticated mode.
  StampPath(const Options& options, const stamp::Key* key, Clock::time_point now);

  // A probe to send now. REQUIRES: `out` holds stamp::Sender::size_min() and probe_size + 4.
  stamp::Sender::Sent send(Now now, stamp::WritableBytes out);
  // When the kernel sent it.
  void transmitted(std::uint32_t sequence, WallTime time);
  // `arrived` is the kernel's time. An error says why it is no answer of this path. The round trip
  // is that of the answer before, which is final now, for a histogram to count; nothing if there
  // was none or a clock was set meanwhile.
  Result<std::optional<std::chrono::nanoseconds>> receive(stamp::Bytes packet, WallTime arrived,
                                                          Clock::time_point now);
  // The device dropped the probe, or an ICMP error came for it.
  void failed(std::uint32_t sequence, std::string_view error, Clock::time_point now);
  // The probe never left this machine, for want of something of its own.
  void unsent(std::uint32_t sequence, std::string_view error);

  void tick(Clock::time_point now) { path_.tick(now); }
  void starved(Clock::time_point now) { path_.starved(now); }
  // Signs later probes with `key`; those under way are voided.
  void use_key(const stamp::Key* key);

  const Path& path() const { return path_; }

 private:
  struct Unfinished {  // The latest answer, whose reflector may report a better time.
    std::uint64_t sequence = 0;
    std::uint32_t reflector_sequence = 0;
    std::chrono::nanoseconds round_trip{0};
    WallTime reflector_sent;
  };
  std::uint64_t full_sequence(std::uint32_t sequence) const;
  std::optional<std::chrono::nanoseconds> finish(const stamp::Sender::Answer& answer);

  Options options_;
  stamp::Sender sender_;
  Path path_;
  std::uint64_t next_ = 0;  // Sequence of the next probe, which the sender counts in 32 bits.
  std::optional<Unfinished> unfinished_;
};

}  // namespace meshcheck::mesh

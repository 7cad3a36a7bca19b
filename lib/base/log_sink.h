// Writes lines of the log to a descriptor without waiting for its reader.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/guarded.h"
#include "lib/base/log.h"

namespace meshcheck {

// For all threads. Lines that the descriptor does not take wait, up to `kWaitingMax` bytes. The
// first line beyond that, and all lines until the waiting ones are written, are dropped; then a
// line says how many.
//
// The descriptor itself stays as it is, since other programs write to the same terminal or pipe and
// would lose lines. A terminal or pipe is opened once more for the sink alone, and that descriptor
// is non-blocking. A terminal for which that fails (no /proc, another user's) is non-blocking for
// the time of each write only. Of all others, at most PIPE_BUF bytes are written when poll() says
// that there is room, which a pipe and a socket then take at once if nobody else writes to them.
class LogSink {
 public:
  static constexpr std::size_t kWaitingMax = 256 * 1024;

  struct Options {
    int descriptor = 2;
    Log::Format format = Log::Format::kLogfmt;  // Of the line about dropped lines.
  };
  explicit LogSink(Options options);
  ~LogSink();
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // `line` ends with its newline.
  void write(std::string_view line);
  // Writes waiting lines as far as there is room. To be called each kFlushPeriod, and at the end.
  static constexpr std::chrono::milliseconds kFlushPeriod{500};
  void flush();
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct State {
    std::string waiting;
    std::uint64_t untold = 0;  // Dropped lines.
  };
  void drain(State& state) const;
  void tell_dropped(State& state) const;

  const Options options_;
  const int own_;  // The descriptor opened for the sink alone; -1: there is none.
  const bool is_terminal_;
  Guarded<State> state_;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace meshcheck

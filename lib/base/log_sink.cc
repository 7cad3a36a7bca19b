#include "lib/base/log_sink.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "lib/base/time.h"

namespace meshcheck {

void LogSink::write(std::string_view line) {
  state_.with([&](State& state) {
    drain(state);
    tell_dropped(state);
    if (state.untold != 0 || state.waiting.size() + line.size() > kWaitingMax) {
      ++state.untold;
      ++dropped_;
      return;
    }
    state.waiting += line;
    drain(state);
  });
}

void LogSink::flush() {
  state_.with([&](State& state) {
    drain(state);
    tell_dropped(state);
    drain(state);
  });
}

void LogSink::drain(State& state) const {
  std::size_t sent = 0;
  while (sent < state.waiting.size()) {
    pollfd room{.fd = options_.descriptor, .events = POLLOUT, .revents = 0};
    if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) break;
    const std::size_t size = std::min<std::size_t>(state.waiting.size() - sent, PIPE_BUF);
    const ssize_t written = ::write(options_.descriptor, state.waiting.data() + sent, size);
    // A log that cannot be written is not worth dying for; it is tried again.
    if (written <= 0) break;
    sent += static_cast<std::size_t>(written);
  }
  state.waiting.erase(0, sent);
}

void LogSink::tell_dropped(State& state) const {
  if (state.untold == 0 || !state.waiting.empty()) return;
  state.waiting =
      format_log_line(options_.format, Log::Level::kWarning, format_rfc3339(WallClock::now()),
                      "log lines dropped: nobody read them", {{"lines", state.untold}});
  state.waiting += '\n';
  state.untold = 0;
}

}  // namespace meshcheck

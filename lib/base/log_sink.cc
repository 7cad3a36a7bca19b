#include "lib/base/log_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>

#include "lib/base/time.h"

namespace meshcheck {
namespace {

// -1: neither a terminal nor a pipe, or it cannot be opened again. A file that is opened again
// would be written from its beginning.
int open_again(int descriptor) {
  struct stat status {};
  const bool is_pipe = fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
  if (!is_pipe && isatty(descriptor) == 0) return -1;
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  return open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

// Makes a descriptor non-blocking, for all programs that share it, while it lives.
class NonBlocking {
 public:
  explicit NonBlocking(int descriptor)
      : descriptor_(descriptor), before_(fcntl(descriptor, F_GETFL)) {
    if (before_ >= 0) fcntl(descriptor_, F_SETFL, before_ | O_NONBLOCK);
  }
  ~NonBlocking() {
    if (before_ >= 0) fcntl(descriptor_, F_SETFL, before_);
  }
  NonBlocking(const NonBlocking&) = delete;
  NonBlocking& operator=(const NonBlocking&) = delete;

 private:
  const int descriptor_;
  const int before_;
};

}  // namespace

LogSink::LogSink(Options options)
    : options_(options),
      own_(open_again(options.descriptor)),
      is_terminal_(isatty(options.descriptor) != 0) {}

LogSink::~LogSink() {
  if (own_ >= 0) close(own_);
}

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
  const int descriptor = own_ >= 0 ? own_ : options_.descriptor;
  std::size_t sent = 0;
  while (sent < state.waiting.size()) {
    pollfd room{.fd = descriptor, .events = POLLOUT, .revents = 0};
    if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) break;
    const std::size_t size = std::min<std::size_t>(state.waiting.size() - sent, PIPE_BUF);
    // Of a terminal poll() says only that it takes some bytes, and a write waits for the rest.
    std::optional<NonBlocking> lent;
    if (is_terminal_ && own_ < 0) lent.emplace(descriptor);
    const ssize_t written = ::write(descriptor, state.waiting.data() + sent, size);
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

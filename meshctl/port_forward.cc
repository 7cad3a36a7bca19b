#include "meshctl/port_forward.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>
#include <vector>

#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::chrono::seconds kStartTime{30};
// kubectl writes a line for each connection, and nobody reads them.
constexpr int kPipeSize = 1 << 20;
constexpr std::size_t kSeenMax = 4096;

std::vector<std::string> arguments_of(const Place& place) {
  std::vector<std::string> arguments = {"kubectl"};
  if (!place.kube_context.empty()) arguments.push_back("--context=" + place.kube_context);
  arguments.insert(arguments.end(), {"--namespace=" + place.kube_namespace, "port-forward",
                                     "--address=127.0.0.1", "service/" + place.service, ":http"});
  return arguments;
}

// In the child, between fork and exec: system calls alone.
[[noreturn]] void become(char* const* arguments, int output, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  std::signal(SIGPIPE, SIG_DFL);
  if (getppid() != parent) _exit(1);  // It ended before that.
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, 0);
  dup2(output, 1);
  dup2(output, 2);
  execvp(arguments[0], arguments);
  constexpr std::string_view kWhy = "kubectl cannot be run; is it in PATH?\n";
  [[maybe_unused]] const ssize_t written = write(2, kWhy.data(), kWhy.size());
  _exit(127);
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return printable(text.substr(text.rfind('\n') + 1));
}

}  // namespace

std::optional<int> forwarded_port(std::string_view line) {
  constexpr std::string_view kStart = "Forwarding from 127.0.0.1:";
  if (line.substr(0, kStart.size()) != kStart) return std::nullopt;
  line.remove_prefix(kStart.size());
  int port = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), port);
  if (error != std::errc() || port < 1 || port > 65535) return std::nullopt;
  return port;
}

Result<PortForward> PortForward::start(const Place& place,
                                       std::optional<Clock::time_point> deadline) {
  const Clock::time_point longest = now().steady + kStartTime;
  const Clock::time_point end = deadline ? std::min(*deadline, longest) : longest;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error::from_errno("pipe", errno);
  fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);
  std::vector<std::string> arguments = arguments_of(place);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) become(argv.data(), ends[1], parent);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return Error::from_errno("fork", errno);
  }
  setpgid(child, child);  // Both ends do it, so that it is done when either goes on.
  PortForward forward(child, ends[0]);
  std::string seen;
  const auto port = forward.read_port(seen, end);
  if (!port) {
    const std::string why = last_line(seen);
    return Error("kubectl port-forward: " + (why.empty() ? "it says nothing" : why));
  }
  forward.port_ = *port;
  return forward;
}

PortForward::PortForward(PortForward&& other) noexcept
    : child_(std::exchange(other.child_, -1)),
      output_(std::exchange(other.output_, -1)),
      port_(other.port_) {}

PortForward::~PortForward() {
  if (child_ < 0) return;
  kill(-child_, SIGTERM);
  close(output_);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::optional<int> PortForward::read_port(std::string& seen, Clock::time_point end) const {
  while (seen.size() < kSeenMax) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) == 0) return std::nullopt;
    std::array<char, 512> bytes{};
    const ssize_t size = read(output_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::nullopt;
    seen.append(bytes.data(), static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (std::size_t stop = 0; (stop = seen.find('\n', begin)) != std::string::npos;
         begin = stop + 1) {
      const auto port = forwarded_port(std::string_view(seen).substr(begin, stop - begin));
      if (port) return port;
    }
  }
  return std::nullopt;
}

void PortForward::wait() const {
  std::array<char, 512> bytes{};
  ssize_t size = 0;
  do {
    size = read(output_, bytes.data(), bytes.size());
  } while (size > 0 || (size < 0 && errno == EINTR));
}

}  // namespace meshcheck::meshctl

#include "probe/tcp_probe.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>

#include "lib/base/time.h"
#include "lib/uv/fd_watcher.h"
#include "lib/uv/timer.h"
#include "probe/descriptor.h"
#include "probe/errno_text.h"

namespace meshcheck::probe {
namespace {

socklen_t size_of(const Endpoint& endpoint) {
  return endpoint.address.family() == IpAddress::Family::kIpv4 ? sizeof(sockaddr_in)
                                                               : sizeof(sockaddr_in6);
}

int domain_of(const Endpoint& endpoint) {
  return endpoint.address.family() == IpAddress::Family::kIpv4 ? AF_INET : AF_INET6;
}

// Nothing if a SYN was sent twice: then the kernel does not know which one was answered.
std::optional<std::chrono::nanoseconds> kernel_round_trip(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  if (info.tcpi_total_retrans > 0 || info.tcpi_rtt == 0) return std::nullopt;
  return std::chrono::microseconds(info.tcpi_rtt);
}

}  // namespace

struct TcpProbe::State {
  State(uv::Loop& loop, OnDone done)
      : on_done(std::move(done)), timer(loop, [this] { expire(); }) {}

  // 0, or why there is no attempt.
  int connect(uv::Loop& loop, const Endpoint& peer);
  void look();
  void expire();
  void finish(Result<std::chrono::nanoseconds> result);

  OnDone on_done;
  int failed = 0;  // Why connect() failed, at once or later.
  Clock::time_point started = Clock::now();
  Descriptor descriptor;
  std::optional<uv::FdWatcher> watcher;
  uv::Timer timer;
};

int TcpProbe::State::connect(uv::Loop& loop, const Endpoint& peer) {
  descriptor =
      Descriptor(socket(domain_of(peer), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!descriptor.open()) return errno;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  sockaddr_storage storage{};
  const sockaddr* const address = peer.to_sockaddr(storage);
  if (::connect(descriptor.get(), address, size_of(peer)) != 0 && errno != EINPROGRESS) {
    return errno;
  }
  watcher.emplace(loop, descriptor.get(), [this](uv::FdWatcher::Interest) { look(); });
  watcher->watch({.writable = true});
  return 0;
}

void TcpProbe::State::look() {
  const auto elapsed = Clock::now() - started;
  int error_number = 0;
  socklen_t size = sizeof error_number;
  if (getsockopt(descriptor.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) {
    error_number = errno;
  }
  if (error_number != 0) {
    failed = error_number;
    finish(Error(errno_text(error_number)));
    return;
  }
  finish(kernel_round_trip(descriptor.get()).value_or(elapsed));
}

void TcpProbe::State::expire() {
  if (failed != 0) {
    finish(Error(errno_text(failed)));
    return;
  }
  // After a stall the loop tells of the time first and of what came in time afterwards.
  pollfd waiting{.fd = descriptor.get(), .events = POLLOUT, .revents = 0};
  if (poll(&waiting, 1, 0) > 0) {
    look();
  } else {
    finish(Error("timed out"));
  }
}

void TcpProbe::State::finish(Result<std::chrono::nanoseconds> result) {
  timer.stop();
  watcher.reset();
  descriptor.close();
  // It may destroy the probe, and with it this.
  const OnDone done = std::move(on_done);
  done(std::move(result));
}

TcpProbe::TcpProbe(uv::Loop& loop, const Endpoint& peer, std::chrono::milliseconds timeout,
                   OnDone on_done)
    : state_(std::make_unique<State>(loop, std::move(on_done))) {
  assert(peer.port != 0);
  state_->failed = state_->connect(loop, peer);
  state_->timer.start(state_->failed != 0 ? std::chrono::milliseconds(0) : timeout);
}

OwnFault TcpProbe::own_fault() const {
  return meshcheck::own_fault(state_->failed);
}

TcpProbe::TcpProbe(TcpProbe&&) noexcept = default;
TcpProbe& TcpProbe::operator=(TcpProbe&&) noexcept = default;
TcpProbe::~TcpProbe() = default;

}  // namespace meshcheck::probe

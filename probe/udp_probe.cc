#include "probe/udp_probe.h"

#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/time.h"
#include "lib/uv/fd_watcher.h"
#include "lib/uv/timer.h"
#include "probe/control_messages.h"
#include "probe/descriptor.h"
#include "probe/errno_text.h"

namespace meshcheck::probe {
namespace {

std::string failure_text(int error_number) {
  // The kernel's text for the ICMP error is about a connection.
  return error_number == ECONNREFUSED ? "port unreachable" : errno_text(error_number);
}

}  // namespace

struct UdpProbe::State {
  State(uv::Loop& loop, OnDone done)
      : on_done(std::move(done)), timer(loop, [this] { expire(); }) {}

  // 0, or why nothing was sent.
  int send(uv::Loop& loop, const Endpoint& peer);
  bool receive();
  void expire();
  void finish(Result<std::chrono::nanoseconds> result);

  OnDone on_done;
  int failed = 0;  // Why send() failed.
  Clock::time_point started = Clock::now();
  WallTime started_wall;
  Descriptor descriptor;
  std::optional<uv::FdWatcher> watcher;
  uv::Timer timer;
};

// Connected, so that the kernel lets in only what comes from there and tells of ICMP errors.
int UdpProbe::State::send(uv::Loop& loop, const Endpoint& peer) {
  const bool ipv4 = peer.address.family() == IpAddress::Family::kIpv4;
  descriptor = Descriptor(
      socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!descriptor.open()) return errno;
  // Without it only an unreachable port is told, not a host or a network.
  const int on = 1;
  setsockopt(descriptor.get(), ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_RECVERR : IPV6_RECVERR,
             &on, sizeof on);
  const int times = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
  setsockopt(descriptor.get(), SOL_SOCKET, SO_TIMESTAMPING, &times, sizeof times);
  sockaddr_storage storage{};
  const sockaddr* const address = peer.to_sockaddr(storage);
  if (::connect(descriptor.get(), address, ipv4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)) !=
      0) {
    return errno;
  }
  started = Clock::now();
  started_wall = WallClock::now();
  if (::send(descriptor.get(), kUdpProbePayload.data(), kUdpProbePayload.size(), MSG_NOSIGNAL) <
      0) {
    return errno;
  }
  watcher.emplace(loop, descriptor.get(),
                  [this](uv::FdWatcher::Interest) { static_cast<void>(receive()); });
  watcher->watch({.readable = true});
  return 0;
}

// False: there is nothing yet.
bool UdpProbe::State::receive() {
  std::array<char, 1> first{};  // The kernel drops the rest.
  iovec vector{.iov_base = first.data(), .iov_len = first.size()};
  ControlBuffer control;
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  if (recvmsg(descriptor.get(), &header, 0) < 0) {
    if (errno == EAGAIN || errno == EINTR) return false;
    finish(Error(failure_text(errno)));
    return true;
  }
  const std::chrono::nanoseconds elapsed = Clock::now() - started;
  const auto arrived = read_control(header).time;
  const auto round_trip = arrived.value_or(WallTime()) - started_wall;
  // Else the kernel has no time, or somebody set its clock meanwhile.
  const bool credible = arrived && round_trip > std::chrono::nanoseconds(0) && round_trip < elapsed;
  finish(credible ? round_trip : elapsed);
  return true;
}

void UdpProbe::State::expire() {
  if (failed != 0) {
    finish(Error(failure_text(failed)));
    return;
  }
  // After a stall the loop tells of the time first and of what came in time afterwards.
  if (!receive()) finish(Error("timed out"));
}

void UdpProbe::State::finish(Result<std::chrono::nanoseconds> result) {
  timer.stop();
  watcher.reset();
  descriptor.close();
  // It may destroy the probe, and with it this.
  const OnDone done = std::move(on_done);
  done(std::move(result));
}

UdpProbe::UdpProbe(uv::Loop& loop, const Endpoint& peer, std::chrono::milliseconds timeout,
                   OnDone on_done)
    : state_(std::make_unique<State>(loop, std::move(on_done))) {
  assert(peer.port != 0);
  state_->failed = state_->send(loop, peer);
  state_->timer.start(state_->failed != 0 ? std::chrono::milliseconds(0) : timeout);
}

OwnFault UdpProbe::own_fault() const {
  return meshcheck::own_fault(state_->failed);
}

UdpProbe::UdpProbe(UdpProbe&&) noexcept = default;
UdpProbe& UdpProbe::operator=(UdpProbe&&) noexcept = default;
UdpProbe::~UdpProbe() = default;

}  // namespace meshcheck::probe

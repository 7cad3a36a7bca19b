#include "lib/uv/tcp_listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "lib/uv/fd_watcher.h"
#include "lib/uv/timer.h"

namespace meshcheck::uv {
namespace {

constexpr std::chrono::milliseconds kRetryInterval{100};

struct Socket {
  explicit Socket(int given) : descriptor(given) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (descriptor >= 0) close(descriptor);
  }
  const int descriptor;
};

bool set(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

bool bind_and_listen(int descriptor, const Endpoint& endpoint, const TcpListener::Options& wanted) {
  sockaddr_storage storage{};
  const sockaddr* const address = endpoint.to_sockaddr(storage);
  const bool is_ipv6 = address->sa_family == AF_INET6;
  if (!set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)) return false;
  if (wanted.reuse_port && !set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) return false;
  if (is_ipv6 && !set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0)) return false;
  const socklen_t size = is_ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  return bind(descriptor, address, size) == 0 && ::listen(descriptor, wanted.backlog) == 0;
}

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

struct TcpListener::State {
  State(Loop& given, int descriptor, Options wanted, std::function<void(TcpStream)> callback)
      : loop(given),
        options(std::move(wanted)),
        on_connection(std::move(callback)),
        socket(descriptor),
        watcher(loop, descriptor, [this](FdWatcher::Interest) { accept_one(); }),
        retry(loop, [this] { watcher.watch({.readable = true}); }) {}

  // One in each callback, as `on_connection` may destroy the listener; the loop calls again for
  // the next.
  void accept_one() {
    const int accepted = accept4(socket.descriptor, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted >= 0) {
      on_connection(TcpStream(loop, accepted));
      return;
    }
    // All others are troubles of one connection, which is gone, or there was none.
    const int error = errno;
    if (!is_shortage(error)) return;
    watcher.watch({});
    retry.start(kRetryInterval);
    if (options.on_failure) options.on_failure(error_from_status("accept", -error));
  }

  Loop& loop;
  const Options options;
  const std::function<void(TcpStream)> on_connection;
  const Socket socket;
  FdWatcher watcher;
  Timer retry;
};

TcpListener::TcpListener(std::unique_ptr<State> state) : state_(std::move(state)) {}
TcpListener::TcpListener(TcpListener&&) noexcept = default;
TcpListener& TcpListener::operator=(TcpListener&&) noexcept = default;
TcpListener::~TcpListener() = default;

Result<TcpListener> TcpListener::listen(Loop& loop, const Endpoint& endpoint, Options options,
                                        std::function<void(TcpStream)> on_connection) {
  sockaddr_storage storage{};
  const int family = endpoint.to_sockaddr(storage)->sa_family;
  const int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0 || !bind_and_listen(descriptor, endpoint, options)) {
    const int error = errno;
    if (descriptor >= 0) close(descriptor);
    return error_from_status("listen on " + endpoint.text(), -error);
  }
  auto state =
      std::make_unique<State>(loop, descriptor, std::move(options), std::move(on_connection));
  state->watcher.watch({.readable = true});
  return TcpListener(std::move(state));
}

Endpoint TcpListener::local() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (getsockname(state_->socket.descriptor, address, &length) != 0) return {};
  return Endpoint::from_sockaddr(address);
}

}  // namespace meshcheck::uv

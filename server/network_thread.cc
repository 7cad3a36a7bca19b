#include "server/network_thread.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace meshcheck::server {
namespace {

// To the Kubernetes API, for reviews of tokens.
constexpr std::size_t kApiConnectionsMax = 16;

// Answers on their way, more than requests may wait for one.
constexpr std::size_t kLateMax = 4096;

// With SO_REUSEPORT the kernel lets a second server of the same user listen on the same endpoint
// and gives it half of the reports. Binding once without it says whether somebody listens already.
Result<void> check_unused(const Endpoint& endpoint) {
  sockaddr_storage storage{};
  const sockaddr* const address = endpoint.to_sockaddr(storage);
  const int descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return Error::from_errno("listen on " + endpoint.text(), errno);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const socklen_t size =
      address->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  const int error = bind(descriptor, address, size) == 0 ? 0 : errno;
  close(descriptor);
  if (error != 0) return Error::from_errno("listen on " + endpoint.text(), error);
  return {};
}

}  // namespace

NetworkThread::NetworkThread(Parts& parts, const metrics::Registry& registry,
                             const Options& options, const Log& log)
    : api_(parts, registry, log, options.sla, options.index),
      drain_(loop_, 1,
             [this](std::chrono::milliseconds patience) {
               server_->drain(patience, [this] { loop_.stop(); });
             }),
      wake_(loop_, 1, [this](News) { server_->wake(); }),
      late_(loop_, kLateMax,
            [this](Late late) { server_->answer(late.ticket, std::move(late.response)); }) {
  if (options.kube != nullptr) {
    http_client_.emplace(loop_, http::Client::Options{.connections_max = kApiConnectionsMax,
                                                      .user_agent = "meshcheck-server"});
    kube_client_.emplace(loop_, *http_client_, *options.kube);
  }
  if (options.auth == nullptr) return;
  const auto decide = [this](http::Ticket ticket, http::Admission admission) {
    server_->decide(ticket, std::move(admission));
  };
  authenticator_.emplace(loop_, *options.auth, kube_client_ ? &*kube_client_ : nullptr, decide,
                         log);
}

NetworkThread::~NetworkThread() {
  join();
}

Result<std::unique_ptr<NetworkThread>> NetworkThread::listen(Parts& parts,
                                                             const metrics::Registry& registry,
                                                             const Options& options,
                                                             const Log& log) {
  if (options.http.reuse_port && options.index == 0) {
    if (auto unused = check_unused(options.endpoint); !unused) return unused.error();
  }
  std::unique_ptr<NetworkThread> thread(new NetworkThread(parts, registry, options, log));
  http::Server::Options http = options.http;
  if (thread->authenticator_) {
    http.gate = [raw = &*thread->authenticator_](const http::Request& request,
                                                 http::Ticket ticket) {
      return raw->admit(request, ticket);
    };
  }
  http.on_shortage = [log](std::string_view why) {
    log.warning("no room for connections; this is said once a minute at most", {{"why", why}});
  };
  auto server = http::Server::listen(thread->loop_, options.endpoint, thread->api_.router(),
                                     parts.http[options.index], http);
  if (!server) return server.error();
  thread->server_ = *std::move(server);
  return thread;
}

void NetworkThread::start() {
  thread_ = std::thread([this] { loop_.run(); });
}

void NetworkThread::wake() {
  // If one waits there, it serves for this too.
  static_cast<void>(wake_.send({}));
}

void NetworkThread::answer(http::Ticket ticket, http::Response response) {
  // If there is no room, the request times out.
  static_cast<void>(late_.send({ticket, std::move(response)}));
}

void NetworkThread::drain(std::chrono::milliseconds patience) {
  // A second order while the first is under way is not needed.
  static_cast<void>(drain_.send(patience));
}

void NetworkThread::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace meshcheck::server

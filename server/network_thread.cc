#include "server/network_thread.h"

namespace meshcheck::server {

NetworkThread::NetworkThread(State& state, const metrics::Registry& registry, const Log& log)
    : api_(state, registry, log), drain_(loop_, 1, [this](std::chrono::milliseconds patience) {
        server_->drain(patience, [this] { loop_.stop(); });
      }) {}

NetworkThread::~NetworkThread() {
  join();
}

Result<std::unique_ptr<NetworkThread>> NetworkThread::listen(State& state,
                                                             const metrics::Registry& registry,
                                                             const Options& options,
                                                             const Log& log) {
  std::unique_ptr<NetworkThread> thread(new NetworkThread(state, registry, log));
  auto server = http::Server::listen(thread->loop_, options.endpoint, thread->api_.router(),
                                     state.http[options.index], options.http);
  if (!server) return server.error();
  thread->server_ = *std::move(server);
  return thread;
}

void NetworkThread::start() {
  thread_ = std::thread([this] { loop_.run(); });
}

void NetworkThread::drain(std::chrono::milliseconds patience) {
  // A second order while the first is under way is not needed.
  static_cast<void>(drain_.send(patience));
}

void NetworkThread::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace meshcheck::server

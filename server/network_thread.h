// A thread with a loop that serves the API.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "lib/base/log.h"
#include "lib/http/client.h"
#include "lib/http/server.h"
#include "lib/kube/client.h"
#include "lib/uv/mailbox.h"
#include "server/api.h"
#include "server/auth/authenticator.h"

namespace meshcheck::server {

// Listens when made, serves from start() on. All threads listen on the same endpoint and the kernel
// spreads the connections (SO_REUSEPORT). Made, told to drain and destroyed by main's thread.
class NetworkThread {
 public:
  struct Options {
    Endpoint endpoint;
    http::Server::Options http;
    std::size_t index = 0;               // Of its counters in the state; 0 is the first to listen.
    AuthState* auth = nullptr;           // Null: every client may do everything.
    const kube::Config* kube = nullptr;  // Null: the Kubernetes API is not asked.
    SlaDatabase* sla = nullptr;          // Null: there is no database.
  };

  static Result<std::unique_ptr<NetworkThread>> listen(Parts& parts,
                                                       const metrics::Registry& registry,
                                                       const Options& options, const Log& log);
  ~NetworkThread();
  NetworkThread(const NetworkThread&) = delete;
  NetworkThread& operator=(const NetworkThread&) = delete;

  Endpoint local() const { return server_->local(); }
  void start();
  // There are events for the clients that wait for them. Main's thread, as all of these.
  void wake();
  // The answer of a handler that answers later.
  void answer(http::Ticket ticket, http::Response response);
  // Accepts no more, finishes the requests under way within `patience`, and lets join() return.
  void drain(std::chrono::milliseconds patience);
  void join();

 private:
  NetworkThread(Parts& parts, const metrics::Registry& registry, const Options& options,
                const Log& log);

  uv::Loop loop_;
  std::optional<http::Client> http_client_;
  std::optional<kube::Client> kube_client_;
  std::optional<Authenticator> authenticator_;
  Api api_;
  std::unique_ptr<http::Server> server_;
  // main -> network
  uv::Mailbox<std::chrono::milliseconds> drain_;
  struct News {};
  uv::Mailbox<News> wake_;
  struct Late {
    http::Ticket ticket;
    http::Response response;
  };
  uv::Mailbox<Late> late_;
  std::thread thread_;
};

}  // namespace meshcheck::server

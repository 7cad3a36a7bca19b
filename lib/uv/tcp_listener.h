// A listening TCP socket.
#pragma once

#include <functional>
#include <memory>

#include "lib/uv/tcp_stream.h"

namespace meshcheck::uv {

// Accepts by itself instead of by uv_listen(): libuv closes all waiting connections when there is
// no descriptor left, without an error; on other failures it tries again without end.
class TcpListener {
 public:
  struct Options {
    int backlog = 1024;
    // Several listeners, one a loop, share one port; the kernel spreads the connections.
    bool reuse_port = false;
    // A connection could not be accepted for lack of descriptors or memory. It waits in the kernel,
    // and is tried again 100 ms later, so this is called at most ten times a second.
    std::function<void(const Error&)> on_failure;
  };

  // Listens from here on. The error names the endpoint. An IPv6 wildcard also takes IPv4.
  static Result<TcpListener> listen(Loop& loop, const Endpoint& endpoint, Options options,
                                    std::function<void(TcpStream)> on_connection);

  TcpListener(TcpListener&&) noexcept;
  TcpListener& operator=(TcpListener&&) noexcept;
  ~TcpListener();

  // With the port that the kernel chose when 0 was asked for.
  Endpoint local() const;

 private:
  struct State;
  explicit TcpListener(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace meshcheck::uv

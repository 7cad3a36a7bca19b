// A listening TCP socket.
#pragma once

#include <functional>

#include "lib/uv/tcp_stream.h"

namespace meshcheck::uv {

class TcpListener {
 public:
  struct Options {
    int backlog = 1024;
    // Several listeners, one a loop, share one port; the kernel spreads the connections.
    bool reuse_port = false;
  };

  // Listens from here on. The error names the endpoint. An IPv6 wildcard also takes IPv4.
  static Result<TcpListener> listen(Loop& loop, const Endpoint& endpoint, Options options,
                                    std::function<void(TcpStream)> on_connection);

  // With the port that the kernel chose when 0 was asked for.
  Endpoint local() const;

 private:
  struct Node {
    uv_tcp_t handle{};
    Loop* loop = nullptr;
    std::function<void(TcpStream)> on_connection;
  };
  explicit TcpListener(HandlePtr<Node> node) : node_(std::move(node)) {}

  HandlePtr<Node> node_;
};

}  // namespace meshcheck::uv

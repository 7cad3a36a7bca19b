#include "lib/uv/tcp_listener.h"

#include <sys/socket.h>

#include <cerrno>

namespace meshcheck::uv {
namespace {

int set_reuse_port(const uv_tcp_t& handle) {
  uv_os_fd_t descriptor = -1;
  const int status = uv_fileno(reinterpret_cast<const uv_handle_t*>(&handle), &descriptor);
  if (status != 0) return status;
  const int on = 1;
  return setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 ? 0 : -errno;
}

}  // namespace

Result<TcpListener> TcpListener::listen(Loop& loop, const Endpoint& endpoint, Options options,
                                        std::function<void(TcpStream)> on_connection) {
  auto node = std::make_unique<Node>();
  node->loop = &loop;
  node->on_connection = std::move(on_connection);
  sockaddr_storage storage{};
  const sockaddr* const address = endpoint.to_sockaddr(storage);
  HandlePtr<Node> owned = make_handle(std::move(node), [&](uv_tcp_t* handle) {
    return uv_tcp_init_ex(loop.get(), handle, address->sa_family);
  });
  int status = options.reuse_port ? set_reuse_port(owned->handle) : 0;
  if (status == 0) status = uv_tcp_bind(&owned->handle, address, 0);
  if (status == 0) {
    status = uv_listen(reinterpret_cast<uv_stream_t*>(&owned->handle), options.backlog,
                       [](uv_stream_t* server, int result) noexcept {
                         if (result != 0) return;
                         auto* listening = static_cast<Node*>(server->data);
                         TcpStream stream(*listening->loop);
                         if (uv_accept(server, stream.stream()) != 0) return;
                         uv_tcp_nodelay(&stream.node_->handle, 1);
                         listening->on_connection(std::move(stream));
                       });
  }
  if (status != 0) return error_from_status("listen on " + endpoint.text(), status);
  return TcpListener(std::move(owned));
}

Endpoint TcpListener::local() const {
  sockaddr_storage storage{};
  int length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (uv_tcp_getsockname(&node_->handle, address, &length) != 0) return {};
  return Endpoint::from_sockaddr(address);
}

}  // namespace meshcheck::uv

#include "lib/uv/udp_socket.h"

#include <array>
#include <string>

namespace meshcheck::uv {
namespace {

void allocate(uv_handle_t*, std::size_t, uv_buf_t* buffer) noexcept {
  thread_local std::array<char, 64 * 1024> bytes;
  *buffer = uv_buf_init(bytes.data(), bytes.size());
}

}  // namespace

Result<UdpSocket> UdpSocket::bind(Loop& loop, const Endpoint& local, OnDatagram on_datagram) {
  auto node = std::make_unique<Node>();
  node->on_datagram = std::move(on_datagram);
  HandlePtr<Node> owned = make_handle(
      std::move(node), [&](uv_udp_t* handle) { return uv_udp_init(loop.get(), handle); });
  sockaddr_storage storage{};
  int status = uv_udp_bind(&owned->handle, local.to_sockaddr(storage), 0);
  if (status == 0) {
    status =
        uv_udp_recv_start(&owned->handle, allocate,
                          [](uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer,
                             const sockaddr* sender, unsigned flags) noexcept {
                            if (count < 0 || sender == nullptr || (flags & UV_UDP_PARTIAL) != 0)
                              return;
                            static_cast<Node*>(handle->data)
                                ->on_datagram({buffer->base, static_cast<std::size_t>(count)},
                                              Endpoint::from_sockaddr(sender));
                          });
  }
  if (status != 0) return error_from_status("bind " + local.text(), status);
  return UdpSocket(std::move(owned));
}

Result<void> UdpSocket::send(std::string_view bytes, const Endpoint& receiver) {
  // libuv takes a mutable buffer and does not write to it.
  const uv_buf_t buffer =
      uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
  sockaddr_storage storage{};
  const int status = uv_udp_try_send(&node_->handle, &buffer, 1, receiver.to_sockaddr(storage));
  if (status < 0) return error_from_status("send to " + receiver.text(), status);
  return {};
}

Endpoint UdpSocket::local() const {
  sockaddr_storage storage{};
  int length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (uv_udp_getsockname(&node_->handle, address, &length) != 0) return {};
  return Endpoint::from_sockaddr(address);
}

}  // namespace meshcheck::uv

#include "lib/uv/tcp_stream.h"

#include <array>
#include <cassert>
#include <utility>

namespace meshcheck::uv {
namespace {

constexpr std::size_t kReadSizeMax = 64 * 1024;

// Every read is handled inside its callback, so one buffer a thread is enough.
void allocate(uv_handle_t*, std::size_t, uv_buf_t* buffer) noexcept {
  thread_local std::array<char, kReadSizeMax> bytes;
  *buffer = uv_buf_init(bytes.data(), bytes.size());
}

bool is_closing(const uv_stream_t* stream) {
  return uv_is_closing(reinterpret_cast<const uv_handle_t*>(stream)) != 0;
}

struct WriteRequest {
  uv_write_t request{};
  std::string bytes;
};

}  // namespace

TcpStream::TcpStream(Loop& loop)
    : node_(make_handle(std::make_unique<Node>(),
                        [&](uv_tcp_t* handle) { return uv_tcp_init(loop.get(), handle); })) {}

TcpStream::TcpStream(Loop& loop, int descriptor) : TcpStream(loop) {
  const int status = uv_tcp_open(&node_->handle, descriptor);
  assert(status == 0);
  static_cast<void>(status);
  uv_tcp_nodelay(&node_->handle, 1);
}

Result<void> TcpStream::connect(const Endpoint& peer,
                                std::function<void(Result<void>)> on_connected) {
  node_->on_connected = std::move(on_connected);
  auto request = std::make_unique<uv_connect_t>();
  sockaddr_storage storage{};
  const int status = uv_tcp_connect(request.get(), &node_->handle, peer.to_sockaddr(storage),
                                    [](uv_connect_t* raw, int result) noexcept {
                                      const std::unique_ptr<uv_connect_t> owned(raw);
                                      if (is_closing(owned->handle)) return;
                                      auto* node = static_cast<Node*>(owned->handle->data);
                                      if (result == 0) {
                                        uv_tcp_nodelay(&node->handle, 1);
                                        node->on_connected({});
                                      } else {
                                        node->on_connected(error_from_status("connect", result));
                                      }
                                    });
  if (status != 0) return error_from_status("connect " + peer.text(), status);
  static_cast<void>(request.release());  // Freed by its completion.
  return {};
}

void TcpStream::start(Events events) {
  node_->events = std::move(events);
  resume();
}

void TcpStream::pause() {
  uv_read_stop(stream());
}

void TcpStream::resume() {
  // Nothing more comes, and libuv would say so again.
  if (node_->peer_finished) return;
  uv_read_start(stream(), allocate, on_read);
}

void TcpStream::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept {
  auto* node = static_cast<Node*>(stream->data);
  if (count > 0) {
    node->events.on_data({buffer->base, static_cast<std::size_t>(count)});
  } else if (count < 0) {
    uv_read_stop(stream);
    const int status = static_cast<int>(count);
    (status == UV_EOF ? node->peer_finished : node->broken) = true;
    node->events.on_end(status == UV_EOF ? std::nullopt
                                         : std::optional(error_from_status("read", status)));
  }
}

void TcpStream::write(std::string_view bytes) {
  if (queued_bytes() == 0) {
    // libuv takes a mutable buffer and does not write to it.
    const uv_buf_t buffer =
        uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
    const int written = uv_try_write(stream(), &buffer, 1);
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    if (bytes.empty()) return;
  }
  auto request = std::make_unique<WriteRequest>();
  request->bytes = bytes;
  request->request.data = request.get();
  const uv_buf_t buffer =
      uv_buf_init(request->bytes.data(), static_cast<unsigned>(request->bytes.size()));
  const int status =
      uv_write(&request->request, stream(), &buffer, 1, [](uv_write_t* raw, int result) noexcept {
        uv_stream_t* stream = raw->handle;
        delete static_cast<WriteRequest*>(raw->data);
        on_written(stream, result);
      });
  if (status == 0) static_cast<void>(request.release());
}

void TcpStream::on_written(uv_stream_t* stream, int status) {
  if (is_closing(stream)) return;
  auto* node = static_cast<Node*>(stream->data);
  if (status < 0 && node->peer_finished) {
    if (std::exchange(node->broken, true)) return;
    node->events.on_end(error_from_status("write", status));
    return;
  }
  // Before the peer has finished, a connection that broke is reported by the reading side.
  if (stream->write_queue_size == 0 && node->events.on_drained) node->events.on_drained();
}

std::size_t TcpStream::queued_bytes() const {
  return stream()->write_queue_size;
}

void TcpStream::finish_writing() {
  auto request = std::make_unique<uv_shutdown_t>();
  const int status =
      uv_shutdown(request.get(), stream(), [](uv_shutdown_t* raw, int) noexcept { delete raw; });
  if (status == 0) static_cast<void>(request.release());
}

void TcpStream::reset() {
  Node* const node = node_.release();
  const auto free_node = [](uv_handle_t* handle) { delete static_cast<Node*>(handle->data); };
  if (uv_tcp_close_reset(&node->handle, free_node) != 0) {
    uv_close(reinterpret_cast<uv_handle_t*>(&node->handle), free_node);
  }
}

int TcpStream::descriptor() const {
  uv_os_fd_t descriptor = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(&node_->handle), &descriptor);
  return descriptor;
}

Endpoint TcpStream::peer() const {
  sockaddr_storage storage{};
  int length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (uv_tcp_getpeername(&node_->handle, address, &length) != 0) return {};
  return Endpoint::from_sockaddr(address);
}

}  // namespace meshcheck::uv

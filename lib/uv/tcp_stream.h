// A TCP connection.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/ip_address.h"
#include "lib/uv/handle.h"
#include "lib/uv/loop.h"

namespace meshcheck::uv {

// Both ends of a connection: accepted by a TcpListener or made by connect(). Bytes are handed out
// inside the callback from a buffer that all streams of a thread share; keep a copy of those needed
// later. Destroying the stream closes it without waiting for unwritten bytes.
class TcpStream {
 public:
  struct Events {
    std::function<void(std::string_view bytes)> on_data;
    // The peer has closed its side (no error), or the connection broke. Called at most once, or
    // twice if the connection breaks after the peer has closed its side: writing still works
    // between the two, and only a failed write shows that the peer does not read.
    std::function<void(std::optional<Error>)> on_end;
    // All that was written is with the kernel now. Called only after write() had to queue.
    std::function<void()> on_drained;
  };

  explicit TcpStream(Loop& loop);
  // Of a connection that was accepted; the stream owns the descriptor.
  TcpStream(Loop& loop, int descriptor);

  // For the side that connects: `on_connected` is called once and later, unless connect() itself
  // fails; then start() may be called.
  Result<void> connect(const Endpoint& peer, std::function<void(Result<void>)> on_connected);

  // Starts reading. A receiver bounds its memory by pause() and resume().
  void start(Events events);
  void pause();
  void resume();

  // Tries at once and queues a copy of the rest. The bound is the caller's: it stops producing
  // while queued_bytes() is not 0 and goes on in on_drained.
  void write(std::string_view bytes);
  std::size_t queued_bytes() const;
  // Sends FIN after all that was written.
  void finish_writing();
  // Closes with RST: nothing lingers in the kernel. For peers that misbehave. The stream is empty
  // afterwards, as if moved from.
  void reset();

  Endpoint peer() const;
  int descriptor() const;

 private:
  struct Node {
    uv_tcp_t handle{};
    Events events;
    std::function<void(Result<void>)> on_connected;
    bool peer_finished = false;
    bool broken = false;
  };
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept;
  static void on_written(uv_stream_t* stream, int status);
  uv_stream_t* stream() const { return reinterpret_cast<uv_stream_t*>(&node_->handle); }

  HandlePtr<Node> node_;
};

}  // namespace meshcheck::uv

// A TCP connection of a server with TLS on it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/http/tls_context.h"
#include "lib/uv/tcp_stream.h"
#include "lib/uv/timer.h"

namespace meshcheck::http {

// Looks like a uv::TcpStream that was accepted, but for two rules: nothing may be written before it
// is established, and of the callbacks only on_end may destroy it. A handshake that fails is
// answered with an alert and FIN; the client's further bytes are thrown away until it closes too,
// or the stream is destroyed. So the owner bounds the time until on_data. on_end reports later
// failures.
class TlsStream {
 public:
  // `failures` counts handshakes that failed, apart from clients that just went away.
  TlsStream(uv::Loop& loop, uv::TcpStream tcp, TlsContext& context,
            std::atomic<std::uint64_t>& failures);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  void start(uv::TcpStream::Events events);
  void pause();
  void resume();

  void write(std::string_view bytes);
  std::size_t queued_bytes() const { return tcp_.queued_bytes(); }
  // Says that nothing follows (close_notify), and sends FIN.
  void finish_writing();

  bool established() const { return state_ == State::kEstablished; }
  // The common name of the client's verified certificate; empty if there is none, or not just one.
  const std::string& client_name() const { return client_name_; }
  bool client_verified() const { return client_verified_; }

 private:
  enum class State { kHandshake, kFailed, kEstablished };
  void on_tcp_data(std::string_view bytes);
  // Goes on with the bytes that have arrived. May destroy *this.
  void proceed();
  void shake_hands();
  void deliver();
  void say_end(std::optional<Error> error);
  // Reads what fits. Returns why no more came, as SSL_get_error has it.
  int read(char* buffer, std::size_t size, std::size_t& filled);
  void send_outgoing();

  uv::TcpStream tcp_;
  std::atomic<std::uint64_t>& failures_;
  uv::TcpStream::Events events_;
  uv::Timer turn_;  // Hands out the bytes that were held back.
  State state_ = State::kHandshake;
  bool paused_ = false;
  bool client_finished_ = false;  // on_end has said so.
  std::optional<std::optional<Error>> tcp_end_;
  TlsBuffers buffers_;
  std::string held_;         // Unread bytes of earlier turns: two reads at most.
  std::size_t chatter_ = 0;  // Bytes that the session sent by itself.
  std::string client_name_;
  bool client_verified_ = false;
  std::unique_ptr<ssl_st, FreeTls> session_;
};

}  // namespace meshcheck::http

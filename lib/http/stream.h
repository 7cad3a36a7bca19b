// A server's end of a connection, with TLS or without.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "lib/http/tls_stream.h"
#include "lib/uv/tcp_stream.h"

namespace meshcheck::http {

// The interface of uv::TcpStream over both. Without TLS all calls go straight to it.
class Stream {
 public:
  explicit Stream(uv::TcpStream tcp) : plain_(std::move(tcp)) {}
  explicit Stream(std::unique_ptr<TlsStream> tls) : tls_(std::move(tls)) {}

  void start(uv::TcpStream::Events events) {
    tls_ ? tls_->start(std::move(events)) : plain_->start(std::move(events));
  }
  void pause() { tls_ ? tls_->pause() : plain_->pause(); }
  void resume() { tls_ ? tls_->resume() : plain_->resume(); }
  void write(std::string_view bytes) { tls_ ? tls_->write(bytes) : plain_->write(bytes); }
  std::size_t queued_bytes() const { return tls_ ? tls_->queued_bytes() : plain_->queued_bytes(); }
  void finish_writing() { tls_ ? tls_->finish_writing() : plain_->finish_writing(); }

  // The client has to finish its handshake first.
  bool in_handshake() const { return tls_ && !tls_->established(); }
  std::string_view client_name() const { return tls_ ? tls_->client_name() : std::string_view(); }
  bool client_verified() const { return tls_ && tls_->client_verified(); }

 private:
  std::optional<uv::TcpStream> plain_;  // One of the two is there.
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace meshcheck::http

// For tests: a TLS client that sends exactly what a test wants, also what no correct client sends.
#pragma once

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "lib/uv/tcp_stream.h"

namespace meshcheck::http {

// Trusts every server. Keeps what it receives and knows how the server has closed.
class TlsTestClient {
 public:
  // `prepare` may change the session before its handshake; `to_send` goes out after it.
  TlsTestClient(uv::Loop& loop, const Endpoint& server, std::string to_send,
                const std::function<void(SSL*)>& prepare = {})
      : stream(loop),
        to_send_(std::move(to_send)),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        session_(SSL_new(context_.get()), SSL_free) {
    SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(session_.get());
    if (prepare) prepare(session_.get());
    EXPECT_TRUE(stream.connect(server, [this](const Result<void>& result) {
      EXPECT_TRUE(result);
      stream.start({.on_data = [this](std::string_view bytes) { take(bytes); },
                    .on_end = [this](const std::optional<Error>&) { ended = true; },
                    .on_drained = {}});
      take({});
    }));
  }

  void write(std::string_view text) {
    EXPECT_EQ(SSL_write(session_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
    flush();
  }
  // close_notify and nothing else.
  void say_end() {
    SSL_shutdown(session_.get());
    flush();
  }
  // Sends what the session has to send, also unasked.
  void flush() {
    BIO* const out = SSL_get_wbio(session_.get());
    std::array<char, 16384> buffer{};
    for (int count = 0; (count = BIO_read(out, buffer.data(), buffer.size())) > 0;) {
      stream.write({buffer.data(), static_cast<std::size_t>(count)});
    }
  }
  SSL* session() const { return session_.get(); }
  // All bytes behind the first answer's headers.
  std::string body() const {
    const auto end = received.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : received.substr(end + 4);
  }

  uv::TcpStream stream;
  std::string received;
  bool established = false;
  bool failed = false;    // The server sent an alert, or bytes that are no TLS.
  bool notified = false;  // The server said that nothing follows.
  bool ended = false;     // And closed.

 private:
  void take(std::string_view bytes) {
    BIO_write(SSL_get_rbio(session_.get()), bytes.data(), static_cast<int>(bytes.size()));
    if (!established && SSL_do_handshake(session_.get()) == 1) {
      established = true;
      if (!to_send_.empty()) write(to_send_);
    }
    std::array<char, 16384> buffer{};
    int count = established ? 1 : -1;
    while (count > 0) {
      count = SSL_read(session_.get(), buffer.data(), buffer.size());
      if (count > 0) received.append(buffer.data(), static_cast<std::size_t>(count));
    }
    const int status = SSL_get_error(session_.get(), count);
    notified = notified || status == SSL_ERROR_ZERO_RETURN;
    failed = failed || status == SSL_ERROR_SSL;
    ERR_clear_error();
    flush();
  }

  std::string to_send_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
};

}  // namespace meshcheck::http

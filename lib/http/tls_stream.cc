#include "lib/http/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace meshcheck::http {
namespace {

// As much as a plain connection hands out at once.
constexpr std::size_t kReadSizeMax = 64 * 1024;

// Encrypted and written at once: what a large piece costs beside itself.
constexpr std::size_t kWriteSizeMax = 64 * 1024;

constexpr std::size_t kOutgoingKeptMax = 16 * 1024;

// Answers to KeyUpdate and alerts of one connection. A client may ask for them as long as it likes
// and read none.
constexpr std::size_t kChatterMax = 64 * 1024;

constexpr std::size_t kNameSizeMax = 256;

// A certificate with several names, or with one that is not plain text, says nothing.
std::string common_name(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  std::string name(text, text + size);
  OPENSSL_free(text);
  const bool plain = std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  return plain && name.size() <= kNameSizeMax ? name : std::string();
}

// Nothing: there is none, or it was not asked for.
const X509* verified_certificate(const SSL* session) {
  return SSL_get_verify_result(session) == X509_V_OK ? SSL_get0_peer_certificate(session) : nullptr;
}

}  // namespace

TlsStream::TlsStream(uv::Loop& loop, uv::TcpStream tcp, TlsContext& context,
                     std::atomic<std::uint64_t>& failures)
    : tcp_(std::move(tcp)),
      failures_(failures),
      turn_(loop, [this] { proceed(); }),
      session_(context.new_session(buffers_)) {}

void TlsStream::start(uv::TcpStream::Events events) {
  events_ = std::move(events);
  tcp_.start({.on_data = [this](std::string_view bytes) { on_tcp_data(bytes); },
              .on_end =
                  [this](std::optional<Error> error) {
                    if (client_finished_) {
                      if (error) say_end(std::move(error));
                      return;
                    }
                    tcp_end_.emplace(std::move(error));
                    proceed();
                  },
              .on_drained =
                  [this] {
                    if (established()) events_.on_drained();
                  }});
}

void TlsStream::pause() {
  paused_ = true;
  tcp_.pause();
}

void TlsStream::resume() {
  tcp_.resume();
  // In the next turn, as a TcpStream does: the caller may be about to use what it held back itself.
  if (std::exchange(paused_, false)) turn_.start(std::chrono::milliseconds(0));
}

void TlsStream::on_tcp_data(std::string_view bytes) {
  if (state_ == State::kFailed || client_finished_) return;
  if (held_.empty()) {
    buffers_.incoming = bytes;
  } else {
    held_ += bytes;
    buffers_.incoming = held_;
  }
  proceed();
}

void TlsStream::proceed() {
  if (state_ == State::kHandshake) shake_hands();
  if (state_ == State::kEstablished) {
    deliver();
  } else if (tcp_end_) {
    events_.on_end(*std::move(tcp_end_));
  }
}

void TlsStream::shake_hands() {
  ERR_clear_error();
  const int done = SSL_do_handshake(session_.get());
  const int status = SSL_get_error(session_.get(), done);
  send_outgoing();
  if (done == 1) {
    state_ = State::kEstablished;
    if (const X509* const certificate = verified_certificate(session_.get())) {
      client_verified_ = true;
      client_name_ = common_name(certificate);
    }
  } else if (status != SSL_ERROR_WANT_READ) {
    ++failures_;
    state_ = State::kFailed;
    buffers_.incoming = {};
    tcp_.finish_writing();
  }
}

// May destroy *this.
void TlsStream::say_end(std::optional<Error> error) {
  client_finished_ = true;
  buffers_.incoming = {};
  held_.clear();
  events_.on_end(std::move(error));
}

void TlsStream::deliver() {
  if (client_finished_) return;
  thread_local std::array<char, kReadSizeMax> buffer;
  while (!paused_) {
    std::size_t filled = 0;
    const int status = read(buffer.data(), buffer.size(), filled);
    chatter_ += buffers_.outgoing.size();
    send_outgoing();
    if (filled != 0) events_.on_data({buffer.data(), filled});
    // The session says once more how it ended.
    if (paused_) break;
    if (status == SSL_ERROR_NONE && chatter_ <= kChatterMax) continue;
    if (status == SSL_ERROR_WANT_READ && chatter_ <= kChatterMax && !tcp_end_) break;
    if (status == SSL_ERROR_ZERO_RETURN) {
      say_end(std::nullopt);
    } else if (status == SSL_ERROR_WANT_READ && tcp_end_) {
      say_end(*std::move(tcp_end_));
    } else {
      say_end(Error("read: the client breaks the rules of TLS"));
    }
    return;
  }
  held_ = std::string(buffers_.incoming);
  buffers_.incoming = held_;
}

int TlsStream::read(char* buffer, std::size_t size, std::size_t& filled) {
  ERR_clear_error();
  while (filled < size) {
    std::size_t count = 0;
    const int done = SSL_read_ex(session_.get(), buffer + filled, size - filled, &count);
    if (done != 1) return SSL_get_error(session_.get(), done);
    filled += count;
  }
  return SSL_ERROR_NONE;
}

void TlsStream::write(std::string_view bytes) {
  assert(established());
  ERR_clear_error();
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kWriteSizeMax);
    std::size_t written = 0;
    // A session that broke is reported by the reading side.
    if (SSL_write_ex(session_.get(), part.data(), part.size(), &written) != 1) break;
    bytes.remove_prefix(written);
    send_outgoing();
  }
}

void TlsStream::finish_writing() {
  assert(established());
  ERR_clear_error();
  static_cast<void>(SSL_shutdown(session_.get()));
  send_outgoing();
  tcp_.finish_writing();
}

void TlsStream::send_outgoing() {
  std::string& outgoing = buffers_.outgoing;
  if (outgoing.empty()) return;
  tcp_.write(outgoing);
  if (outgoing.capacity() > kOutgoingKeptMax) std::string().swap(outgoing);
  outgoing.clear();
}

}  // namespace meshcheck::http

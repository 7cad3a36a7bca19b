#include "lib/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <ctime>
#include <utility>

namespace meshcheck::http {
namespace {

// Of TLS 1.2; those of TLS 1.3 are all good.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

constexpr unsigned char kProtocols[] = "\x08http/1.1";

// What OpenSSL says first is what was wrong first.
Error last_error(std::string_view action) {
  const unsigned long code = ERR_peek_error();
  if (ERR_SYSTEM_ERROR(code)) return Error::from_errno(action, ERR_GET_REASON(code));
  const char* const reason = ERR_reason_error_string(code);
  return Error(reason != nullptr ? reason : "refused by OpenSSL").within(action);
}

void set_defaults(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // Idle connections are many.
  // Sessions are the client's to keep, not ours.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  const auto choose_protocol = [](SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                                  const unsigned char* offered, unsigned offered_size, void*) {
    unsigned char* out = nullptr;
    const int status = SSL_select_next_proto(&out, chosen_size, kProtocols, sizeof kProtocols - 1,
                                             offered, offered_size);
    *chosen = out;
    return status == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  };
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (SSL_CTX_set_cipher_list(context, kCiphers) != 1) std::abort();
}

// The certificate is there; a key that does not belong to it is refused.
Result<void> read_key(SSL_CTX* context, const std::string& file) {
  // Nobody sits at a terminal to be asked for a passphrase.
  bool asked = false;
  SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void* data) {
    *static_cast<bool*>(data) = true;
    return -1;
  });
  const int done = SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (asked) return Error("read " + file + ": it has a passphrase");
  if (done != 1) return last_error("read " + file);
  return {};
}

Result<void> read_client_ca(SSL_CTX* context, const TlsContext::Options& options) {
  if (options.clients == TlsContext::Clients::kAnonymous) return {};
  const char* const file = options.client_ca_file.c_str();
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(file);
  if (names == nullptr || SSL_CTX_load_verify_file(context, file) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return last_error("read " + options.client_ca_file);
  }
  SSL_CTX_set_client_CA_list(context, names);
  const bool needed = options.clients == TlsContext::Clients::kMustIdentify;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (needed ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

WallClock::time_point expiry_of(const X509* certificate) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) return {};
  return WallClock::from_time_t(timegm(&utc));
}

int read_incoming(BIO* bio, char* out, int size) noexcept {
  std::string_view& incoming = static_cast<TlsBuffers*>(BIO_get_data(bio))->incoming;
  BIO_clear_retry_flags(bio);
  if (incoming.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = incoming.copy(out, static_cast<std::size_t>(size));
  incoming.remove_prefix(count);
  return static_cast<int>(count);
}

int write_outgoing(BIO* bio, const char* bytes, int size) noexcept {
  BIO_clear_retry_flags(bio);
  static_cast<TlsBuffers*>(BIO_get_data(bio))
      ->outgoing.append(bytes, static_cast<std::size_t>(size));
  return size;
}

BIO_METHOD* new_method() {
  BIO_METHOD* const method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "meshcheck buffers");
  if (method == nullptr) std::abort();
  BIO_meth_set_read(method, read_incoming);
  BIO_meth_set_write(method, write_outgoing);
  BIO_meth_set_ctrl(method, [](BIO*, int command, long, void*) noexcept {
    return command == BIO_CTRL_FLUSH ? 1L : 0L;
  });
  return method;
}

}  // namespace

void FreeTls::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

void FreeTls::operator()(ssl_st* session) const {
  SSL_free(session);
}

void FreeTls::operator()(bio_method_st* method) const {
  BIO_meth_free(method);
}

TlsContext::TlsContext(Options options, Loaded loaded)
    : options_(std::move(options)), method_(new_method()), loaded_(std::move(loaded)) {}

Result<std::unique_ptr<TlsContext>> TlsContext::load(Options options) {
  auto loaded = read(options);
  if (!loaded) return loaded.error();
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(options), *std::move(loaded)));
}

Result<TlsContext::Loaded> TlsContext::read(const Options& options) {
  ERR_clear_error();
  std::unique_ptr<ssl_ctx_st, FreeTls> context(SSL_CTX_new(TLS_server_method()));
  if (!context) return last_error("TLS");
  set_defaults(context.get());
  if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()) != 1) {
    return last_error("read " + options.certificate_file);
  }
  if (auto done = read_key(context.get(), options.key_file); !done) return done.error();
  if (auto done = read_client_ca(context.get(), options); !done) return done.error();
  const auto expires = expiry_of(SSL_CTX_get0_certificate(context.get()));
  return Loaded{std::move(context), expires};
}

Result<void> TlsContext::reload() {
  auto loaded = read(options_);
  if (!loaded) return loaded.error();
  const auto now = WallClock::now();
  if (loaded->expires <= now && expires() > now) {
    return Error(options_.certificate_file + ": it has expired, at " +
                 format_rfc3339(WallTime(loaded->expires)));
  }
  // The old one is freed behind the lock.
  loaded_.with([&](Loaded& current) { std::swap(current, *loaded); });
  return {};
}

WallClock::time_point TlsContext::expires() {
  return loaded_.with([](const Loaded& current) { return current.expires; });
}

std::unique_ptr<ssl_st, FreeTls> TlsContext::new_session(TlsBuffers& buffers) {
  std::unique_ptr<ssl_st, FreeTls> session(
      loaded_.with([](const Loaded& current) { return SSL_new(current.context.get()); }));
  BIO* const bio = BIO_new(method_.get());
  if (!session || bio == nullptr) std::abort();
  BIO_set_data(bio, &buffers);
  BIO_set_init(bio, 1);
  SSL_set_bio(session.get(), bio, bio);
  SSL_set_accept_state(session.get());
  return session;
}

}  // namespace meshcheck::http

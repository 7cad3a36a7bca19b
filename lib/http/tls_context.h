// A server's side of TLS handshakes: its certificate, and the clients that it lets in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lib/base/guarded.h"
#include "lib/base/result.h"
#include "lib/base/time.h"

struct bio_method_st;
struct ssl_ctx_st;
struct ssl_st;

namespace meshcheck::http {

struct FreeTls {
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* session) const;
  void operator()(bio_method_st* method) const;
};

// Encrypted bytes between a session and its connection.
struct TlsBuffers {
  std::string_view incoming;  // Not read by the session yet.
  std::string outgoing;       // Not written to the connection yet.
};

// TLS 1.2 and 1.3 with forward secrecy, HTTP/1.1 by ALPN, no renegotiation, no early data. Clients
// with certificates show them on each connection: then no session is resumed. All members may be
// called from any thread; many servers may share one, and it outlives them.
class TlsContext {
 public:
  enum class Clients {
    kAnonymous,    // Are not asked for a certificate.
    kMayIdentify,  // A client without a certificate is let in; one with a bad certificate is not.
    kMustIdentify,
  };
  // Files are PEM; a key with a passphrase is refused.
  struct Options {
    std::string certificate_file;  // The server's, and behind it those that lead to its root.
    std::string key_file;
    Clients clients = Clients::kAnonymous;
    std::string client_ca_file;  // Roots of the clients' certificates; unless they are anonymous.
  };

  static Result<std::unique_ptr<TlsContext>> load(Options options);

  // Reads all files again. After an error the old content stays in force. Replacing a valid
  // certificate by an expired one is an error. Only new connections use the new content.
  Result<void> reload();
  // The end of the server's certificate's validity.
  WallClock::time_point expires();

 private:
  friend class TlsStream;
  struct Loaded {
    std::unique_ptr<ssl_ctx_st, FreeTls> context;
    WallClock::time_point expires;
  };
  TlsContext(Options options, Loaded loaded);
  static Result<Loaded> read(const Options& options);

  // For one connection; it keeps the files' content of that moment. `buffers` must stay where they
  // are.
  std::unique_ptr<ssl_st, FreeTls> new_session(TlsBuffers& buffers);

  const Options options_;
  const std::unique_ptr<bio_method_st, FreeTls> method_;  // How a session gets at its buffers.
  Guarded<Loaded> loaded_;
};

}  // namespace meshcheck::http

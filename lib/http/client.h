// An HTTP client on libcurl's multi interface, driven by a loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/own_fault.h"
#include "lib/base/result.h"
#include "lib/http/tcp_info.h"
#include "lib/uv/loop.h"

namespace meshcheck::http {

// A request as a client sends it; http::Request is one that a server gets.
struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http or https
  // The address of the URL's host, which is then not looked up. REQUIRES: no redirects.
  std::optional<IpAddress> address;
  // Without control characters: that is asserted.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds timeout{10'000};  // For everything, look-up to last byte; 0: none.
  // The call also ends after this time without a byte from the server, from the start on; 0: no
  // bound. Sending a body should take less.
  std::chrono::milliseconds idle_timeout{0};
  // False: a connection of its own, closed afterwards, so that every phase is really measured.
  bool keep_alive = false;
  int segment_max = 0;  // Bytes a TCP segment may carry, either way; 0: as many as the links carry.
  int redirects_max = 0;
  std::size_t body_max = std::size_t{1} << 20U;  // A larger answer is an error.
  bool discard_body = false;                     // Read, bounded by body_max, but not kept.
  // Bytes of an answer with a status of 2xx as they come, on the loop, which may destroy and start
  // Calls. They are neither kept nor bounded by body_max; the body of any other status is both, as
  // if this were not there.
  std::function<void(std::string_view bytes)> on_body;
  bool verify = true;   // TLS: certificate and name.
  std::string ca_file;  // TLS: instead of the system's roots.
  std::string ca;       // The same as PEM text; then ca_file is not read.
  // TLS: who the client is, if the server asks: a chain and its key, each as a PEM file or as text.
  std::string certificate_file;
  std::string certificate;
  std::string key_file;
  std::string key;
};

// Where the time went; a phase that was not reached is 0, and so is all but `total` and `dns` when
// the connection failed, be it in TLS only. Redirects add up.
struct Phases {
  std::chrono::microseconds dns{0};
  std::chrono::microseconds tcp_connect{0};
  std::chrono::microseconds connect{0};  // dns + tcp_connect
  std::chrono::microseconds tls{0};
  std::chrono::microseconds server_processing{0};  // Request written to first byte.
  std::chrono::microseconds content_transfer{0};   // First byte to last.
  std::chrono::microseconds total{0};
};

struct Outcome {
  // Why there is no whole answer. An answer with status 500 is no error.
  std::optional<Error> error;
  bool timed_out = false;  // The error is that the request's time or its idle time was up.
  bool untrusted = false;  // The error is one of certificates: theirs, ours or an authority's.
  bool connected = false;  // Connection, with TLS where asked for, was established.
  // The error is this machine's own: nobody was asked.
  OwnFault own_fault = OwnFault::kNone;
  int status = 0;    // 0 without an answer.
  std::string body;  // The bytes that came, also with an error.
  Phases phases;
  std::optional<Endpoint> local;
  std::optional<Endpoint> remote;
  // As the transfer ended. Of a connection that it opened: none with one that was reused.
  std::optional<TcpInfo> tcp;
};

struct Transfer;

// A request on its way. Destroying it cancels silently, also inside its own callbacks; when the
// outcome was delivered it is empty of work and may be kept or dropped.
class Call {
 public:
  Call() = default;

 private:
  friend class Client;
  struct Cancel {
    void operator()(Transfer* transfer) const;
  };
  explicit Call(Transfer* transfer) : transfer_(transfer) {}

  std::unique_ptr<Transfer, Cancel> transfer_;
};

// Bounded by connections_max: more calls wait for a connection, and their timeout runs. Ignores
// proxy variables of the environment; looks names up anew for each connection, in a thread of
// libcurl's. Sets SIGPIPE to be ignored for the whole process, since OpenSSL may raise it. Lives on
// the loop's thread, outlives its Calls, and is not destroyed inside their callbacks.
class Client {
 public:
  struct Options {
    std::size_t connections_max = 64;
    std::string user_agent;
  };
  Client(uv::Loop& loop, Options options);

  // `on_done` is called once and later, on the loop; it may start and destroy Calls.
  [[nodiscard]] Call start(ClientRequest request, std::function<void(Outcome)> on_done);

  struct Core;

 private:
  struct Close {
    void operator()(Core* core) const;
  };
  std::unique_ptr<Core, Close> core_;
};

}  // namespace meshcheck::http

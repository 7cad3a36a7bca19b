// Where the server is, and how the agent and the server prove to each other who they are.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "agent/server_address.h"
#include "lib/base/followed_file.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/flags/flags.h"
#include "lib/http/client.h"
#include "lib/uv/loop.h"

namespace meshcheck::agent {

inline constexpr std::size_t kTokenSizeMax = std::size_t{8}
                                             << 10U;  // Half of the headers that our server takes.
inline constexpr std::size_t kPemSizeMax = std::size_t{1} << 20U;

// Immutable after start. Files may be replaced while the agent runs. Paths that are empty: the
// system's authorities, no certificate, no token.
struct ServerOptions {
  std::string endpoint = "netchecker-service:8081";  // host:port
  bool tls = false;
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::string token_file;
  // The Service's address from the pod's environment, if the endpoint names a Service.
  std::optional<IpAddress> service_address;

  std::string url() const { return (tls ? "https://" : "http://") + endpoint; }
};

// `options` outlives the parsing; its endpoint may have a scheme until it was checked.
void add_server_flags(flags::Flags& flags, ServerOptions& options);
// Splits the scheme off and looks at the files. An error names the flag.
Result<ServerOptions> check_server_options(ServerOptions options);

// At most this many bytes of a refusal's body go into the error.
inline constexpr std::size_t kAnswerTextMax = 200;
// The server's answer if it took the request (any 2xx), or why it did not.
Result<std::string> judge(const http::Outcome& outcome);

// The credentials of requests to the server, as fresh as their files. Lives on the loop's thread.
// Its texts are secrets.
class ServerAccess {
 public:
  ServerAccess(uv::Loop& loop, const ServerOptions& options, const Log& log);

  // For each request to the server: authorities and the client's certificate.
  void identify(http::ClientRequest& request);
  // The token too, and the address while the name does not resolve. REQUIRES: the request follows
  // no redirect, which could carry it elsewhere.
  void authorize(http::ClientRequest& request);

  ServerAddress& address() { return address_; }

 private:
  uv::Loop& loop_;
  FollowedFile ca_;
  FollowedFile certificate_;
  FollowedFile key_;
  FollowedFile token_;
  ServerAddress address_;
};

}  // namespace meshcheck::agent

#include "agent/server_access.h"

#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "lib/base/own_fault.h"
#include "lib/base/token.h"
#include "lib/http/url.h"

namespace meshcheck::agent {
namespace {

constexpr std::string_view kHttps = "https://";
constexpr std::string_view kHttp = "http://";
constexpr std::size_t kEndpointSizeMax = 300;

// What is in it libcurl judges when it connects.
Result<std::string> take_pem(std::string_view content) {
  if (content.find("-----BEGIN ") == std::string_view::npos) return Error("it is not PEM");
  return std::string(content);
}

Result<void> check_endpoint(std::string_view endpoint) {
  const bool plain =
      std::none_of(endpoint.begin(), endpoint.end(),
                   [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }) &&
      !endpoint.empty() && endpoint.size() <= kEndpointSizeMax &&
      endpoint.find_first_of(" /?#@\\") == std::string_view::npos;
  if (plain) return {};
  return Error("host:port is expected, such as " + ServerOptions().endpoint +
               ", or with https:// before it");
}

Result<void> check_file(const std::string& flag, const std::string& file) {
  if (file.empty() || access(file.c_str(), R_OK) == 0) return {};
  return Error::from_errno(file, errno).within(flag);
}

}  // namespace

void add_server_flags(flags::Flags& flags, ServerOptions& options) {
  flags.add("serverendpoint", options.endpoint,
            "host:port of the server, plain HTTP; https://host:port for TLS");
  flags.add("serverca", options.ca_file,
            "PEM file of the authorities that the server's certificate is verified with instead of "
            "the system's");
  flags.add("servercert", options.certificate_file,
            "PEM file of the certificate that is shown to the server, and those above it");
  flags.add("serverkey", options.key_file, "PEM file of the key of -servercert");
  flags.add("servertokenfile", options.token_file,
            "file of the token that goes with each report; read again when it is replaced");
}

Result<ServerOptions> check_server_options(ServerOptions options) {
  const std::string_view endpoint = options.endpoint;
  options.tls = endpoint.starts_with(kHttps);
  if (options.tls || endpoint.starts_with(kHttp)) {
    options.endpoint.erase(0, options.tls ? kHttps.size() : kHttp.size());
  }
  if (auto checked = check_endpoint(options.endpoint); !checked) {
    return checked.error().within("-serverendpoint");
  }
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return Error("-servercert and -serverkey: both or none of them");
  }
  for (const auto& [flag, file] :
       {std::pair<std::string, std::string>{"-serverca", options.ca_file},
        {"-servercert", options.certificate_file},
        {"-serverkey", options.key_file}}) {
    if (!options.tls && !file.empty()) {
      return Error("of no use without https:// in -serverendpoint").within(flag);
    }
    if (auto checked = check_file(flag, file); !checked) return checked.error();
  }
  if (auto checked = check_file("-servertokenfile", options.token_file); !checked) {
    return checked.error();
  }
  return options;
}

Result<std::string> judge(const http::Outcome& outcome) {
  if (outcome.own_fault == OwnFault::kNoDescriptor) return Error(std::string(kTooManyFiles));
  if (outcome.error) return *outcome.error;
  if (outcome.status >= 200 && outcome.status <= 299) return outcome.body;
  std::string text = outcome.body.substr(0, kAnswerTextMax);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) text = "without a text";
  return Error(text).within("the server answered " + std::to_string(outcome.status));
}

ServerAccess::ServerAccess(uv::Loop& loop, const ServerOptions& options, const Log& log)
    : loop_(loop),
      ca_({options.ca_file, kPemSizeMax, take_pem, log}),
      certificate_({options.certificate_file, kPemSizeMax, take_pem, log}),
      key_({options.key_file, kPemSizeMax, take_pem, log}),
      token_({options.token_file, kTokenSizeMax, parse_token, log}),
      address_(http::host_of_endpoint(options.endpoint), options.service_address, log) {
  if (options.token_file.empty() || options.tls) return;
  log.warning("the token goes over plain HTTP",
              {{"server", options.url()}, {"effect", "who listens on the way can use it"}});
}

// The texts and not the files' names: libcurl keeps what it has read of a file of authorities for a
// day. Authorities that could not be read yet are no reason to trust the system's.
void ServerAccess::identify(http::ClientRequest& request) {
  const auto now = loop_.now();
  request.ca = ca_.text(now);
  if (request.ca.empty()) request.ca_file = ca_.path();
  request.certificate = certificate_.text(now);
  request.key = key_.text(now);
}

void ServerAccess::authorize(http::ClientRequest& request) {
  assert(request.redirects_max == 0);
  identify(request);
  request.address = address_.instead_of_name();
  const std::string& token = token_.text(loop_.now());
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
}

}  // namespace meshcheck::agent

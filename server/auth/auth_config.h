// The flags of authentication and of TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/flags/flags.h"

namespace meshcheck::server {

enum class AuthMode : std::uint8_t {
  kNone,        // All clients may.
  kToken,       // Clients with the token of a file.
  kKubernetes,  // Clients with a token that the Kubernetes API knows.
};

struct AuthConfig {
  std::string report_auth;  // Empty: check() derives it from the other flags.
  std::string read_auth;
  std::string report_token_file;
  std::string read_token_file;
  std::string token_audience = "meshcheck";
  bool accept_unauthenticated_reports = false;
  std::string certificate_file;
  std::string key_file;
  std::string client_ca_file;
  // Of the pods whose tokens may report; nothing: any.
  std::optional<std::string> agent_namespace;
  // The first two, once check() has read them.
  AuthMode report_mode = AuthMode::kNone;
  AuthMode read_mode = AuthMode::kNone;

  void add_to(flags::Flags& flags);
  // After the flags were parsed. `in_kubernetes`: the agents are those that Kubernetes runs. The
  // error begins with the flag.
  Result<void> check(bool in_kubernetes);
  bool asks_kubernetes() const {
    return report_mode == AuthMode::kKubernetes || read_mode == AuthMode::kKubernetes;
  }
  // Whether any right is restricted.
  bool guards() const {
    return report_mode != AuthMode::kNone || read_mode != AuthMode::kNone ||
           !client_ca_file.empty();
  }

 private:
  Result<void> check_tls() const;
};

}  // namespace meshcheck::server

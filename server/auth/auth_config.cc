#include "server/auth/auth_config.h"

#include <string_view>

namespace meshcheck::server {
namespace {

// One of the two flags of a mode with the file that belongs to it.
struct ModeFlag {
  std::string_view name;
  const std::string& text;
  std::string_view file_name;
  const std::string& file;
};

Result<AuthMode> mode_of(const ModeFlag& flag, AuthMode otherwise) {
  const std::string name(flag.name);
  const std::string file_name(flag.file_name);
  AuthMode mode = otherwise;
  if (flag.text.empty() && !flag.file.empty()) mode = AuthMode::kToken;
  if (flag.text == "none") mode = AuthMode::kNone;
  if (flag.text == "token") mode = AuthMode::kToken;
  if (flag.text == "kubernetes") mode = AuthMode::kKubernetes;
  if (mode == AuthMode::kToken && flag.file.empty()) {
    return Error(name + " token needs a token: pass " + file_name + " FILE");
  }
  if (mode != AuthMode::kToken && !flag.file.empty()) {
    return Error(file_name + " has no effect with " + name + " " + flag.text +
                 ": leave one of them out, or pass " + name + " token");
  }
  return mode;
}

}  // namespace

void AuthConfig::add_to(flags::Flags& flags) {
  const std::vector<std::string> modes{"none", "token", "kubernetes"};
  flags.add("report-auth", report_auth, modes,
            "who may report: everybody, who shows the token of -report-token-file, or pods with a "
            "token of their own for -token-audience; by default kubernetes with -kubeproxyinit, "
            "token with -report-token-file, else none");
  flags.add("report-token-file", report_token_file,
            "file with the token that agents show, at least 16 bytes");
  flags.add("token-audience", token_audience,
            "audience that the tokens of agents' pods are made for");
  flags.add("accept-unauthenticated-reports", accept_unauthenticated_reports,
            "take reports without any token too, as netchecker's agents send them; a wrong token "
            "is still refused");
  flags.add("read-auth", read_auth, modes,
            "who may read and delete: everybody, who shows the token of -read-token-file, or whom "
            "Kubernetes lets get or delete that path; by default token with -read-token-file, else "
            "none");
  flags.add("read-token-file", read_token_file,
            "file with the token that readers show, at least 16 bytes");
  flags.add("tls-cert", certificate_file,
            "PEM file of the server's certificate and those that lead to its root; all connections "
            "are TLS then");
  flags.add("tls-key", key_file, "PEM file of its key");
  flags.add("tls-client-ca", client_ca_file,
            "PEM file of the roots of clients' certificates; who shows none gets no more than "
            "/healthz and /readyz");
}

Result<void> AuthConfig::check_tls() const {
  if (certificate_file.empty() != key_file.empty()) {
    return Error(certificate_file.empty() ? "-tls-key needs a certificate: pass -tls-cert FILE"
                                          : "-tls-cert needs its key: pass -tls-key FILE");
  }
  if (!client_ca_file.empty() && certificate_file.empty()) {
    return Error("-tls-client-ca needs TLS: pass -tls-cert FILE and -tls-key FILE");
  }
  return {};
}

Result<void> AuthConfig::check(bool in_kubernetes) {
  auto reports = mode_of({"-report-auth", report_auth, "-report-token-file", report_token_file},
                         in_kubernetes ? AuthMode::kKubernetes : AuthMode::kNone);
  if (!reports) return reports.error();
  auto reads =
      mode_of({"-read-auth", read_auth, "-read-token-file", read_token_file}, AuthMode::kNone);
  if (!reads) return reads.error();
  report_mode = *reports;
  read_mode = *reads;
  if (report_mode == AuthMode::kKubernetes && token_audience.empty()) {
    return Error("-token-audience \"\": -report-auth kubernetes needs one, as \"meshcheck\"");
  }
  if (accept_unauthenticated_reports && report_mode == AuthMode::kNone) {
    return Error(
        "-accept-unauthenticated-reports: all reports are taken without a token; leave it out, or "
        "pass -report-auth");
  }
  return check_tls();
}

}  // namespace meshcheck::server

// The server's certificate and its shared tokens, kept equal to their files.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/log.h"
#include "lib/http/tls_context.h"
#include "lib/uv/file_watcher.h"
#include "server/auth/auth_config.h"
#include "server/auth/auth_metrics.h"
#include "server/auth/token_file.h"

namespace meshcheck::server {

// Looks at the files every ten seconds and reads the changed ones again. When a file cannot be
// read, its old content stays in force; the failure is logged once for each reason, counted, and
// the file is tried again at each look. Belongs to main's thread and outlives all users of its
// members.
class Credentials {
 public:
  // The error names the flag.
  static Result<std::unique_ptr<Credentials>> load(uv::Loop& loop, const AuthConfig& config,
                                                   AuthMetrics& metrics, const Log& log);

  // Null without TLS.
  http::TlsContext* tls() { return tls_.get(); }
  TokenFile& report_token() { return report_token_; }
  TokenFile& read_token() { return read_token_; }

  // Reads the changed files.
  void look();
  // Reads all files, whether they look changed or not.
  void reload();
  bool has_files() const { return !files_.empty(); }

 private:
  // Files that are read together.
  struct Watched {
    std::string_view flag;
    std::function<Result<void>()> read;
    std::string trouble = {};  // Of the last read; empty if it went well.
    std::unique_ptr<uv::FileWatcher> watcher = {};
  };
  Credentials(uv::Loop& loop, const AuthConfig& config, AuthMetrics& metrics, const Log& log);
  Result<void> load_all(const AuthConfig& config);
  Result<void> load_tls(const AuthConfig& config);
  Result<void> watch(std::string_view flag, TokenFile& token);
  void add(std::string_view flag, std::vector<std::string> paths,
           std::function<Result<void>()> read);
  void read(Watched& file);
  void show_expiry();

  uv::Loop& loop_;
  AuthMetrics& metrics_;
  const Log log_;
  std::unique_ptr<http::TlsContext> tls_;
  TokenFile report_token_;
  TokenFile read_token_;
  std::list<Watched> files_;
};

}  // namespace meshcheck::server

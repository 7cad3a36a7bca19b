#include "server/auth/credentials.h"

#include <utility>

namespace meshcheck::server {
namespace {

constexpr std::chrono::seconds kLookInterval{10};

}  // namespace

Credentials::Credentials(uv::Loop& loop, const AuthConfig& config, AuthMetrics& metrics,
                         const Log& log)
    : loop_(loop),
      metrics_(metrics),
      log_(log),
      report_token_(config.report_token_file),
      read_token_(config.read_token_file) {}

Result<std::unique_ptr<Credentials>> Credentials::load(uv::Loop& loop, const AuthConfig& config,
                                                       AuthMetrics& metrics, const Log& log) {
  std::unique_ptr<Credentials> credentials(new Credentials(loop, config, metrics, log));
  if (auto loaded = credentials->load_all(config); !loaded) return loaded.error();
  return credentials;
}

Result<void> Credentials::load_all(const AuthConfig& config) {
  if (auto loaded = load_tls(config); !loaded) return loaded.error().within("-tls-cert");
  if (auto read = watch("-report-token-file", report_token_); !read) return read.error();
  return watch("-read-token-file", read_token_);
}

Result<void> Credentials::load_tls(const AuthConfig& config) {
  if (config.certificate_file.empty()) return {};
  http::TlsContext::Options options;
  options.certificate_file = config.certificate_file;
  options.key_file = config.key_file;
  std::vector<std::string> paths{config.certificate_file, config.key_file};
  if (!config.client_ca_file.empty()) {
    // The kubelet shows none when it asks for /healthz: the authenticator refuses all else.
    options.clients = http::TlsContext::Clients::kMayIdentify;
    options.client_ca_file = config.client_ca_file;
    paths.push_back(config.client_ca_file);
  }
  add("-tls-cert", std::move(paths), [this] { return tls_->reload(); });
  auto context = http::TlsContext::load(std::move(options));
  if (!context) return context.error();
  tls_ = *std::move(context);
  show_expiry();
  return {};
}

Result<void> Credentials::watch(std::string_view flag, TokenFile& token) {
  if (token.path().empty()) return {};
  add(flag, {token.path()}, [&token] { return token.read(); });
  if (auto read = token.read(); !read) return read.error().within(flag);
  return {};
}

// Before the first read, so that what changes meanwhile is seen.
void Credentials::add(std::string_view flag, std::vector<std::string> paths,
                      std::function<Result<void>()> read) {
  Watched& file = files_.emplace_back(Watched{flag, std::move(read)});
  file.watcher = std::make_unique<uv::FileWatcher>(loop_, std::move(paths), kLookInterval,
                                                   [this, &file] { this->read(file); });
}

void Credentials::look() {
  for (Watched& file : files_) file.watcher->look();
}

void Credentials::reload() {
  for (Watched& file : files_) read(file);
}

void Credentials::read(Watched& file) {
  file.watcher->note();
  const auto done = file.read();
  if (done) {
    file.trouble.clear();
    log_.info("credentials read again", {{"flag", file.flag}});
    show_expiry();
    return;
  }
  file.watcher->doubt();
  metrics_.reload_failures.Increment();
  if (std::exchange(file.trouble, done.error().message()) == done.error().message()) return;
  log_.error("credentials cannot be read; those before stay in force",
             {{"flag", file.flag}, {"error", done.error().message()}});
}

void Credentials::show_expiry() {
  if (!tls_) return;
  const auto since_epoch = tls_->expires().time_since_epoch();
  metrics_.certificate_expiry.Set(std::chrono::duration<double>(since_epoch).count());
}

}  // namespace meshcheck::server

#include <list>
#include <utility>

#include "checks/checkers.h"
#include "checks/host_lookup.h"
#include "checks/votes.h"
#include "checks/with.h"
#include "lib/base/file.h"

namespace meshcheck::checks {
namespace {

constexpr std::size_t kTokenSizeMax = std::size_t{8} << 10U;
constexpr std::size_t kPemSizeMax = std::size_t{1} << 20U;

struct Options {
  std::string url;
  std::string host;
  int status = 200;
  std::string contains;
  Follow follow = Follow::kAny;
  std::string token_file;
  std::string ca_file;
  sla::Milliseconds timeout{0};
};

// Empty if it is no URL that can be asked.
std::string host_of(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    url = url.substr(0, url.find_first_of("/?#"));
    if (url.find_first_of("@\\ ") != std::string_view::npos) return {};
    if (url.starts_with('[')) {
      const auto end = url.find(']');
      return std::string(end == std::string_view::npos ? "" : url.substr(1, end - 1));
    }
    return std::string(url.substr(0, url.find(':')));
  }
  return {};
}

Result<std::string> read_token(const std::string& path) {
  auto text = read_file(path, kTokenSizeMax);
  if (!text) return text.error().within("open " + path);
  while (!text->empty() && static_cast<unsigned char>(text->back()) <= ' ') text->pop_back();
  for (const char c : *text) {
    if (c <= ' ' || c > '~') return Error(path + ": it has characters that no token may have");
  }
  return text;
}

// Asks every address of the URL's host at once.
class HttpCheck : public Check {
 public:
  HttpCheck(Context& context, Options options)
      : context_(context),
        options_(std::move(options)),
        lookup_(context, options_.host),
        votes_(options_.follow, 0) {}

  void start(OnDone on_done) override {
    on_done_ = std::move(on_done);
    votes_ = Votes(options_.follow, 0);
    // The other half is for the question itself.
    lookup_.start(options_.timeout / 2, [this](const auto& addresses) {
      if (addresses) {
        ask(*addresses);
      } else {
        finish({sla::Status::kUnknown, reason_of(addresses.error().message())});
      }
    });
  }

  void cancel() override {
    lookup_.cancel();
    calls_.clear();
    on_done_ = nullptr;
  }

  Finding timed_out() const override {
    if (lookup_.busy()) {
      return {sla::Status::kUnknown, "the look-up of " + lookup_.host() + " took too long"};
    }
    const bool known = !votes_.reason().empty();
    return {sla::Status::kDown, known ? votes_.reason() : "no answer in time"};
  }

 private:
  void ask(const std::vector<IpAddress>& addresses) {
    http::ClientRequest request;
    request.url = options_.url;
    request.timeout = options_.timeout;
    if (!options_.token_file.empty()) {
      const auto token = read_token(options_.token_file);
      if (!token) return finish({sla::Status::kUnknown, reason_of(token.error().message())});
      request.headers.emplace_back("Authorization", "Bearer " + *token);
    }
    if (!options_.ca_file.empty()) {
      auto ca = read_file(options_.ca_file, kPemSizeMax);
      if (!ca) {
        const Error error = ca.error().within("open " + options_.ca_file);
        return finish({sla::Status::kUnknown, reason_of(error.message())});
      }
      request.ca = *std::move(ca);
    }
    votes_ = Votes(options_.follow, addresses.size());
    for (const IpAddress& address : addresses) {
      request.address = address;
      calls_.push_back(context_.client.start(
          request, [this, address](const http::Outcome& outcome) { answered(address, outcome); }));
    }
  }

  void answered(const IpAddress& address, const http::Outcome& outcome) {
    const std::string trouble = trouble_of(outcome);
    const auto finding =
        trouble.empty() ? votes_.passed() : votes_.failed(address.text() + ": " + trouble);
    if (finding) finish(*finding);
  }

  // Empty: there is none.
  std::string trouble_of(const http::Outcome& outcome) const {
    if (outcome.error) return outcome.error->message();
    if (outcome.status != options_.status) return "status " + std::to_string(outcome.status);
    if (outcome.body.find(options_.contains) == std::string::npos) {
      return "the answer does not contain " + options_.contains;
    }
    return {};
  }

  void finish(const Finding& finding) {
    const OnDone on_done = std::exchange(on_done_, nullptr);
    calls_.clear();
    on_done(finding);
  }

  Context& context_;
  const Options options_;
  OnDone on_done_;
  HostLookup lookup_;
  Votes votes_;
  std::list<http::Call> calls_;
};

}  // namespace

Made make_http_check(Context& context, const sla::CheckSpec& spec) {
  With with(spec.with);
  Options options{.url = with.text("url"), .timeout = spec.timeout};
  options.host = host_of(options.url);
  if (options.host.empty()) with.fail("url", "http://HOST/... or https://HOST/... is wanted");
  options.status = static_cast<int>(with.number_or("status", 200, 100, 599));
  options.contains = with.text_or("contains", "");
  options.follow = with.choice("follow", {"any", "all"}) == 0 ? Follow::kAny : Follow::kAll;
  options.token_file = with.text_or("token_file", "");
  options.ca_file = with.text_or("ca_file", "");
  if (auto finished = with.finish(); !finished) return finished.error();
  return Made(std::make_unique<HttpCheck>(context, std::move(options)));
}

}  // namespace meshcheck::checks

#include <list>
#include <utility>

#include "checks/check_options.h"
#include "checks/checkers.h"
#include "checks/voting_check.h"
#include "lib/base/file.h"
#include "lib/base/token.h"

namespace meshcheck::checks {
namespace {

constexpr std::size_t kTokenSizeMax = std::size_t{8} << 10U;
constexpr std::size_t kPemSizeMax = std::size_t{1} << 20U;

struct Options {
  std::string url;
  int status = 200;
  std::string contains;
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

class HttpAsker {
 public:
  static constexpr std::string_view kSilence = "no answer in time";

  HttpAsker(Context& context, Options options) : context_(context), options_(std::move(options)) {}

  Result<void> prepare() {
    request_ = {};
    request_.url = options_.url;
    request_.timeout = options_.timeout;
    if (!options_.token_file.empty()) {
      const auto token = read_token(options_.token_file, kTokenSizeMax);
      if (!token) return token.error();
      request_.headers.emplace_back("Authorization", "Bearer " + *token);
    }
    if (!options_.ca_file.empty()) {
      auto ca = read_file(options_.ca_file, kPemSizeMax);
      if (!ca) return ca.error().within("open " + options_.ca_file);
      request_.ca = *std::move(ca);
    }
    return {};
  }

  void ask(const IpAddress& address, OnAnswer on_answer) {
    request_.address = address;
    auto judge = [options = &options_, address,
                  on_answer = std::move(on_answer)](const http::Outcome& outcome) {
      const std::string trouble = trouble_of(*options, outcome);
      if (trouble.empty()) return on_answer(std::nullopt);
      on_answer(probe::Trouble{.text = address.text() + ": " + trouble, .own = outcome.own_fault});
    };
    calls_.push_back(context_.client.start(request_, std::move(judge)));
  }

  void stop() { calls_.clear(); }

 private:
  // Empty: there is none.
  static std::string trouble_of(const Options& options, const http::Outcome& outcome) {
    if (outcome.error) return outcome.error->message();
    if (outcome.status != options.status) return "status " + std::to_string(outcome.status);
    if (outcome.body.find(options.contains) == std::string::npos) {
      return "the answer does not contain " + options.contains;
    }
    return {};
  }

  Context& context_;
  Options options_;
  http::ClientRequest request_;  // Of this run.
  std::list<http::Call> calls_;
};

}  // namespace

Made make_http_check(Context& context, const sla::CheckSpec& spec) {
  CheckOptions with(spec.with);
  Options options{.url = with.text("url"), .timeout = spec.timeout};
  VotingCheck<HttpAsker>::Options voting{.host = host_of(options.url), .timeout = spec.timeout};
  if (voting.host.empty()) with.fail("url", "http://HOST/... or https://HOST/... is wanted");
  options.status = static_cast<int>(with.number_or("status", 200, 100, 599));
  options.contains = with.text_or("contains", "");
  voting.follow = with.choice("follow", {"any", "all"}) == 0 ? Follow::kAny : Follow::kAll;
  options.token_file = with.text_or("token_file", "");
  options.ca_file = with.text_or("ca_file", "");
  if (auto finished = with.finish(); !finished) return finished.error();
  return Made(std::make_unique<VotingCheck<HttpAsker>>(context, std::move(voting),
                                                       HttpAsker(context, std::move(options))));
}

}  // namespace meshcheck::checks

#include "server/auth/authenticator.h"

#include <cassert>
#include <tuple>
#include <utility>

#include "lib/base/token.h"
#include "lib/kube/token_expiry.h"

namespace meshcheck::server {
namespace {

using kube::SubjectAccessReview;
using kube::TokenReview;
using Reason = Refusal::Reason;

Ruling let_in(std::string principal = {}) {
  return {.refusal = std::nullopt, .principal = std::move(principal)};
}

Ruling refuse(Refusal refusal) {
  return {.refusal = std::move(refusal), .principal = {}};
}

Refusal not_answered(const Error& error) {
  return {Reason::kNotAnswered, "It cannot be checked who you are: " + error.message()};
}

Refusal busy() {
  return {Reason::kBusy,
          "As many questions to the Kubernetes API are under way as may be; try again later."};
}

std::optional<Clock::duration> time_left(std::string_view token) {
  const auto expiry = kube::token_expiry(token);
  if (!expiry) return std::nullopt;
  return std::chrono::duration_cast<Clock::duration>(*expiry - WallTime(WallClock::now()));
}

// A copy of what is remembered.
template <typename Review>
std::optional<Review> recall(Guarded<kube::ReviewCache<Review>>& cache, const kube::Digest& key,
                             Clock::time_point now) {
  return cache.with([&](const kube::ReviewCache<Review>& reviews) {
    const Review* const review = reviews.find(key, now);
    return review == nullptr ? std::nullopt : std::optional(*review);
  });
}

}  // namespace

Authenticator::Authenticator(uv::Loop& loop, AuthState& state, kube::Client* client, Decide decide,
                             Log log)
    : loop_(loop), state_(state), client_(client), decide_(std::move(decide)), log_(log) {
  assert(client_ != nullptr || !state_.config.asks_kubernetes());
}

std::optional<http::Admission> Authenticator::admit(const http::Request& request,
                                                    http::Ticket ticket) {
  auto ruling = judge(request, ticket);
  if (!ruling) return std::nullopt;
  return admission_of(*std::move(ruling), request.path);
}

std::optional<Ruling> Authenticator::judge(const http::Request& request, http::Ticket ticket) {
  const AuthConfig& config = state_.config;
  const Access access = access_of(request);
  if (access.kind == Access::Kind::kOpen) return let_in();
  if (!config.client_ca_file.empty() && !request.client_verified) {
    return refuse({Reason::kNoCertificate, "A client certificate is needed."});
  }
  if (access.kind == Access::Kind::kPing) return let_in();
  const bool is_report = access.kind == Access::Kind::kReport;
  const AuthMode mode = is_report ? config.report_mode : config.read_mode;
  if (mode == AuthMode::kNone) {
    // Who may not report in an agent's name may not delete it either.
    using enum http::Method;
    const auto method = request.method;
    const bool reads = method == kGet || method == kHead || method == kOptions;
    if (reads || config.report_mode == AuthMode::kNone) return let_in();
    return refuse({Reason::kNotAllowed, "Nobody may, without -read-auth."});
  }
  const auto token = bearer_token(request);
  if (!token && is_report && config.accept_unauthenticated_reports) {
    state_.metrics.unauthenticated.Increment();
    return let_in();
  }
  if (!token) {
    return refuse({Reason::kNoToken, "A token is needed: Authorization: Bearer TOKEN."});
  }
  if (mode == AuthMode::kToken) {
    TokenFile& file =
        is_report ? state_.credentials.report_token() : state_.credentials.read_token();
    if (file.matches(*token)) return let_in("token");
    return refuse({Reason::kBadToken, "The token is not accepted."});
  }
  const Asked asked{.ticket = ticket,
                    .token = kube::digest_of(*token),
                    .is_report = is_report,
                    .agent = std::string(access.agent),
                    .verb = verb_of(request.method),
                    .path = request.path};
  return is_report ? judge_report_token(*token, asked) : judge_reader(*token, asked);
}

std::optional<Ruling> Authenticator::judge_report_token(std::string_view token,
                                                        const Asked& asked) {
  const auto& name_space = state_.config.agent_namespace;
  const auto now = loop_.now();
  // Judged under the lock, which costs less than a copy of the review.
  const auto [known, due, overdue] = state_.report_tokens.with([&](const kube::TokenCache& tokens) {
    const TokenReview* const review = tokens.find(asked.token, now);
    auto ruling = review == nullptr ? std::nullopt
                                    : std::optional(judge_report(*review, asked.agent, name_space));
    const bool is_due = tokens.is_due(asked.token, now);
    return std::tuple(std::move(ruling), is_due, is_due && tokens.is_overdue(asked.token, now));
  });
  // Whoever reports regularly never waits again: an API that is slow must not make its report late.
  const bool waits = !known || (overdue && !api_away_);
  if (!due && !waits) return known;
  // While the API is away nobody who was good waits for it: one question in a while is enough.
  if (api_away_ && !waits && now < ask_api_at_) return known;
  ask_api_at_ = now + kAskApiAgain;
  auto refusal =
      review(token, asked, [this, asked, waits, known = known](const Result<TokenReview>& review) {
        api_away_ = !review;
        if (!waits) return;
        if (review) {
          decide(asked, judge_report(*review, asked.agent, state_.config.agent_namespace));
        } else {
          decide(asked, known ? *known : refuse(not_answered(review.error())));
        }
      });
  if (!waits || (refusal && known)) return known;
  if (refusal) return refuse(*std::move(refusal));
  return std::nullopt;
}

std::optional<Ruling> Authenticator::judge_reader(std::string_view token, const Asked& asked) {
  if (const auto known = recall(state_.read_tokens, asked.token, loop_.now())) {
    return judge_access(*known, asked);
  }
  auto refusal = review(token, asked, [this, asked](const Result<TokenReview>& review) {
    auto ruling = review ? judge_access(*review, asked) : refuse(not_answered(review.error()));
    if (ruling) decide(asked, *std::move(ruling));
  });
  if (refusal) return refuse(*std::move(refusal));
  return std::nullopt;
}

std::optional<Ruling> Authenticator::judge_access(const TokenReview& reader, const Asked& asked) {
  if (!reader.authenticated) {
    return refuse({Reason::kBadToken, "The token is not accepted: " + reader.error});
  }
  const kube::Digest key =
      kube::digest_of(std::string(asked.token.begin(), asked.token.end()) + asked.what());
  if (const auto known = recall(state_.accesses, key, loop_.now())) {
    return judge_read(*known, reader.username, asked.what());
  }
  auto refusal =
      review(reader, key, asked,
             [this, asked, name = reader.username](const Result<SubjectAccessReview>& review) {
               decide(asked, review ? judge_read(*review, name, asked.what())
                                    : refuse(not_answered(review.error())));
             });
  if (refusal) return refuse(*std::move(refusal));
  return std::nullopt;
}

std::optional<Refusal> Authenticator::review(std::string_view token, const Asked& asked,
                                             Pending<TokenReview>::OnReview on_review) {
  const std::string text(token);
  if (auto checked = check_token(text); !checked) {
    return Refusal{Reason::kBadToken, "The token is not accepted: " + checked.error().message()};
  }
  auto& pending = asked.is_report ? report_reviews_ : read_reviews_;
  if (pending.full(asked.token)) return busy();
  auto& cache = asked.is_report ? state_.report_tokens : state_.read_tokens;
  // A reader's token is for the API itself.
  const auto audiences =
      asked.is_report ? std::vector{state_.config.token_audience} : std::vector<std::string>();
  const auto ask = [&](std::function<void(Result<TokenReview>)> on_done) {
    return kube::review_token(*client_, text, audiences,
                              [this, &cache, key = asked.token, left = time_left(text),
                               on_done = std::move(on_done)](Result<TokenReview> review) {
                                if (review) {
                                  cache.with([&](kube::TokenCache& tokens) {
                                    tokens.insert(key, *review, loop_.now(), left);
                                  });
                                }
                                count_review(!review);
                                on_done(std::move(review));
                              });
  };
  const auto begun = pending.wait(asked.token, ask, std::move(on_review));
  if (!begun) return not_answered(begun.error());
  return std::nullopt;
}

std::optional<Refusal> Authenticator::review(const TokenReview& reader, const kube::Digest& key,
                                             const Asked& asked,
                                             Pending<SubjectAccessReview>::OnReview on_review) {
  if (access_reviews_.full(key)) return busy();
  kube::SubjectAccessReviewSpec question;
  question.username = reader.username;
  question.uid = reader.uid;
  question.groups = reader.groups;
  question.operation.verb = asked.verb;
  question.path = right_of(asked.path);
  const auto ask = [&](std::function<void(Result<SubjectAccessReview>)> on_done) {
    return kube::review_access(
        *client_, question,
        [this, key, on_done = std::move(on_done)](Result<SubjectAccessReview> review) {
          if (review) {
            state_.accesses.with([&](kube::AccessCache& accesses) {
              accesses.insert(key, *review, loop_.now(), std::nullopt);
            });
          }
          count_review(!review);
          on_done(std::move(review));
        });
  };
  const auto begun = access_reviews_.wait(key, ask, std::move(on_review));
  if (!begun) return not_answered(begun.error());
  return std::nullopt;
}

void Authenticator::count_review(bool failed) {
  AuthMetrics& metrics = state_.metrics;
  metrics.reviews.Increment();
  if (failed) metrics.reviews_failed.Increment();
  const auto size_of = [](const auto& cache) { return cache.size(); };
  const std::size_t entries = state_.report_tokens.with(size_of) +
                              state_.read_tokens.with(size_of) + state_.accesses.with(size_of);
  metrics.cache_entries.Set(static_cast<double>(entries));
}

http::Admission Authenticator::admission_of(Ruling ruling, std::string_view path) {
  if (!ruling.refusal) {
    return {.refusal = std::nullopt, .principal = std::move(ruling.principal)};
  }
  state_.metrics.refused(*ruling.refusal, path, loop_.now(), log_);
  return {.refusal = response_of(*ruling.refusal), .principal = {}};
}

void Authenticator::decide(const Asked& asked, Ruling ruling) {
  decide_(asked.ticket, admission_of(std::move(ruling), asked.path));
}

}  // namespace meshcheck::server

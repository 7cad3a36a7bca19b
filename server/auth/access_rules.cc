#include "server/auth/access_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/text.h"

namespace meshcheck::server {
namespace {

int status_of(Refusal::Reason reason) {
  switch (reason) {
    case Refusal::Reason::kNoToken:
    case Refusal::Reason::kBadToken:
      return 401;
    case Refusal::Reason::kOtherPod:
    case Refusal::Reason::kNotAllowed:
    case Refusal::Reason::kNoCertificate:
      return 403;
    case Refusal::Reason::kNotAnswered:
    case Refusal::Reason::kBusy:
      return 503;
  }
  return 500;
}

Ruling refused(Refusal::Reason reason, std::string sentence) {
  return {.refusal = Refusal{reason, std::move(sentence)}, .principal = {}};
}

// The page's files hold nothing of the mesh; a browser needs them to ask for a token.
bool is_open(std::string_view path) {
  constexpr std::array<std::string_view, 9> kOpen = {
      "/",       "/healthz", "/index.js",  "/libraries.js", "/licences.txt",
      "/readyz", "/status",  "/status.js", "/style.css"};
  return std::find(kOpen.begin(), kOpen.end(), path) != kOpen.end();
}

}  // namespace

Access access_of(const http::Request& request) {
  constexpr std::string_view kAgents = "/api/v1/agents/";
  const std::string_view path = request.path;
  if (request.method == http::Method::kPost) {
    // Whose episodes these are matters to nobody: the best of all agents' is taken.
    if (path == "/downtime") return {.kind = Access::Kind::kReport, .agent = {}};
    if (!path.starts_with(kAgents)) return {};
    const std::string_view agent = path.substr(kAgents.size());
    if (agent.empty() || agent.find('/') != std::string_view::npos) return {};
    return {.kind = Access::Kind::kReport, .agent = agent};
  }
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) return {};
  if (is_open(path)) return {.kind = Access::Kind::kOpen, .agent = {}};
  if (path == "/api/v1/ping") return {.kind = Access::Kind::kPing, .agent = {}};
  return {};
}

std::string verb_of(http::Method method) {
  // HEAD is answered as GET.
  std::string verb(http::to_string(method == http::Method::kHead ? http::Method::kGet : method));
  for (char& c : verb) c = static_cast<char>(c | 0x20);
  return verb;
}

std::string right_of(std::string_view path) {
  constexpr std::string_view kPrefix = "/meshcheck";
  return path == "/metrics" ? std::string(path) : std::string(kPrefix) += path;
}

std::optional<std::string_view> bearer_token(const http::Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view value = request.header("Authorization");
  if (value.empty()) return std::nullopt;
  if (!equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return std::string_view();
  const auto begin = value.find_first_not_of(' ', kScheme.size());
  return begin == std::string_view::npos ? std::string_view() : value.substr(begin);
}

std::string_view text(Refusal::Reason reason) {
  constexpr std::array<std::string_view, kRefusalReasons> kTexts = {
      "no_token",       "bad_token",    "other_pod", "not_allowed",
      "no_certificate", "not_answered", "busy"};
  return kTexts[static_cast<std::size_t>(reason)];
}

http::Response response_of(const Refusal& refusal) {
  http::Response response = http::Response::error(status_of(refusal.reason), refusal.sentence);
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Ruling judge_report(const kube::TokenReview& review, std::string_view agent,
                    const std::optional<std::string>& name_space) {
  using Reason = Refusal::Reason;
  if (!review.authenticated) {
    return refused(Reason::kBadToken, "The token is not accepted: " + review.error);
  }
  if (review.pod_name.empty()) {
    return refused(Reason::kOtherPod,
                   "The token of " + review.username + " is of no pod; a projected one is needed.");
  }
  if (!agent.empty() && review.pod_name != agent) {
    return refused(Reason::kOtherPod, "The token is of pod " + review.pod_name +
                                          ", which may report for nobody else.");
  }
  if (name_space && review.service_account_namespace != *name_space) {
    return refused(Reason::kOtherPod, "The token is of a pod in namespace " +
                                          review.service_account_namespace +
                                          "; agents are expected in " + *name_space + ".");
  }
  return {.refusal = std::nullopt, .principal = review.pod_uid};
}

Ruling judge_read(const kube::SubjectAccessReview& review, const std::string& reader,
                  std::string_view what) {
  if (review.allowed) return {.refusal = std::nullopt, .principal = reader};
  std::string sentence = reader + " may not " + std::string(what);
  sentence += review.reason.empty() ? "." : ": " + review.reason;
  return refused(Refusal::Reason::kNotAllowed, std::move(sentence));
}

}  // namespace meshcheck::server

// The right that a request needs, and whether a review of its token gives it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/http/message.h"
#include "lib/kube/token_review.h"

namespace meshcheck::server {

struct Access {
  enum class Kind : std::uint8_t {
    kOpen,    // /healthz, /readyz, the page's files: every client, also without a certificate.
    kPing,    // /api/v1/ping: every client, with a certificate if one is required.
    kReport,  // POST of an agent's report, or of its episodes.
    kRead,    // All other routes, so that a new one is not open by mistake.
  };
  Kind kind = Kind::kRead;
  std::string_view agent;  // Of a report; part of the request. Empty: any agent may send it.
};
Access access_of(const http::Request& request);

// The name of a right to read in RBAC: a verb and a non-resource path. For /metrics that is the
// route's own path, as in roles of Prometheus; for all others it is behind "/meshcheck", since
// every user of a cluster may get the paths "/api/*" and "/version" of the Kubernetes API itself.
std::string verb_of(http::Method method);
std::string right_of(std::string_view path);

// Of `Authorization: Bearer TOKEN`. Nothing: there is no such header. Empty: another scheme.
std::optional<std::string_view> bearer_token(const http::Request& request);

struct Refusal {
  enum class Reason : std::uint8_t {
    kNoToken,
    kBadToken,
    kOtherPod,       // A good token of another pod, or of none.
    kNotAllowed,     // The reader lacks the right.
    kNoCertificate,  // Of the client.
    kNotAnswered,    // The Kubernetes API did not answer.
    kBusy,           // The maximum of reviews is under way.
  };
  Reason reason;
  std::string sentence;  // Without a secret.
};
inline constexpr std::size_t kRefusalReasons = 7;

std::string_view text(Refusal::Reason reason);  // "no_token"
http::Response response_of(const Refusal& refusal);

struct Ruling {
  std::optional<Refusal> refusal;
  std::string principal;  // Empty if refused.
};
// Whether the token's pod may report as `agent`, or at all if that is empty. The principal is the
// pod's uid. `name_space` is nothing if pods of any may report.
Ruling judge_report(const kube::TokenReview& review, std::string_view agent,
                    const std::optional<std::string>& name_space);
// The principal is the reader's name.
Ruling judge_read(const kube::SubjectAccessReview& review, const std::string& reader,
                  std::string_view what);

}  // namespace meshcheck::server

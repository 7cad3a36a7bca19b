// What a request needs, and what a review on its token means for it. Pure.
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
    kOpen,    // /healthz and /readyz: everybody, also without a certificate.
    kPing,    // /api/v1/ping: everybody who gets that far.
    kReport,  // POST of an agent's report, or of its episodes.
    kRead,    // All else, so that a new route is not open by mistake.
  };
  Kind kind = Kind::kRead;
  std::string_view agent;  // Of a report; part of the request. Empty: any may send it.
};
Access access_of(const http::Request& request);

// What a right to read is called in RBAC: a verb and a path that is no resource. The path is that
// of /metrics as it stands, as roles of Prometheus have it, and of all others behind "/meshcheck":
// every user of a cluster may get "/api/*" and "/version" of the Kubernetes API, and these are
// named so too.
std::string verb_of(http::Method method);
std::string right_of(std::string_view path);

// Of `Authorization: Bearer TOKEN`. Nothing: there is no such header. Empty: another scheme.
std::optional<std::string_view> bearer_token(const http::Request& request);

struct Refusal {
  enum class Reason : std::uint8_t {
    kNoToken,
    kBadToken,
    kOtherPod,       // A good token of another pod, or of none.
    kNotAllowed,     // A reader who may not.
    kNoCertificate,  // Of the client.
    kNotAnswered,    // By the Kubernetes API.
    kBusy,           // As many reviews are under way as may be.
  };
  Reason reason;
  std::string sentence;  // Without a secret.
};
inline constexpr std::size_t kRefusalReasons = 7;

std::string_view text(Refusal::Reason reason);  // "no_token"
http::Response response_of(const Refusal& refusal);

struct Ruling {
  std::optional<Refusal> refusal;
  std::string principal;  // Unless it is refused.
};
// May it report as `agent`, or at all if that is empty? The principal is the pod's uid. A
// `name_space` of nothing is any.
Ruling judge_report(const kube::TokenReview& review, std::string_view agent,
                    const std::optional<std::string>& name_space);
// The principal is the reader's name.
Ruling judge_read(const kube::SubjectAccessReview& review, const std::string& reader,
                  std::string_view what);

}  // namespace meshcheck::server

// Asks the Kubernetes API which user a token belongs to, and which operations a user may do.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/kube/client.h"

namespace meshcheck::kube {

// The user of a token. Only `error` is set unless `authenticated`.
struct TokenReview {
  bool authenticated = false;
  std::string error;  // Why it is not authenticated, for a person.
  std::string username;
  std::string uid;
  std::vector<std::string> groups;
  // Of "system:serviceaccount:NAMESPACE:NAME"; empty for others.
  std::string service_account_namespace;
  std::string service_account;
  // Set for a token that was made for a pod, which is in the service account's namespace.
  std::string pod_name;
  std::string pod_uid;

  friend bool operator==(const TokenReview&, const TokenReview&) = default;
};

// Needs the rule: apiGroups ["authentication.k8s.io"], resources ["tokenreviews"], verbs
// ["create"]. An error of the review: the API did not decide, and the token may be good. An error
// at once: there is no token of our own. Without `audiences` the token has to be for the API
// itself, as those of users are. REQUIRES: check_token(token).
Result<http::Call> review_token(Client& client, const std::string& token,
                                const std::vector<std::string>& audiences,
                                std::function<void(Result<TokenReview>)> on_review);

// The pure halves of review_token(). A review that names none of the requested `audiences` is not
// authenticated: such an API has not checked them.
std::string encode_token_review(const std::string& token,
                                const std::vector<std::string>& audiences);
Result<TokenReview> parse_token_review(std::string_view json,
                                       const std::vector<std::string>& audiences);

// May `username`, of `groups`, do `operation`, or if `path` is set its verb on that path of a
// server?
struct SubjectAccessReviewSpec {
  std::string username;
  std::string uid;
  std::vector<std::string> groups;
  Operation operation;
  std::string path;  // "/api/v1/agents/"
};

struct SubjectAccessReview {
  bool allowed = false;
  std::string reason;  // May be empty.
};

// Needs the rule: apiGroups ["authorization.k8s.io"], resources ["subjectaccessreviews"], verbs
// ["create"]. Errors as with review_token().
Result<http::Call> review_access(Client& client, const SubjectAccessReviewSpec& question,
                                 std::function<void(Result<SubjectAccessReview>)> on_review);

std::string encode_access_review(const SubjectAccessReviewSpec& question);
Result<SubjectAccessReview> parse_access_review(std::string_view json);

}  // namespace meshcheck::kube

// Decides who may report and who may read.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "lib/base/log.h"
#include "lib/http/admission.h"
#include "lib/kube/client.h"
#include "lib/uv/loop.h"
#include "server/auth/access_rules.h"
#include "server/auth/auth_state.h"
#include "server/auth/pending_reviews.h"

namespace meshcheck::server {

// One a network thread, as the gate of its HTTP server; doc/operate/security.md. Most requests are
// decided at once: by a shared token, or by what the Kubernetes API said of this one within the
// last minute. A report goes on by what it said within the last two minutes, and it is asked again
// beside that. Else the API is asked and the request waits; if it does not answer, reports go on by
// what it said within the last hour. The principal of a report is the uid of the pod that its token
// is of, that of a reader his name, that of a shared token "token", and none of those who need not
// say who they are.
class Authenticator {
 public:
  // So often the API is asked while it is away, for those who need not wait for it.
  static constexpr std::chrono::seconds kAskApiAgain{10};

  // Of requests that had to wait.
  using Decide = std::function<void(http::Ticket ticket, http::Admission admission)>;

  // `client` may be null if the configuration asks nothing of Kubernetes; it and `state` outlive
  // this.
  Authenticator(uv::Loop& loop, AuthState& state, kube::Client* client, Decide decide, Log log);
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  std::optional<http::Admission> admit(const http::Request& request, http::Ticket ticket);

 private:
  template <typename Review>
  using Pending = PendingReviews<Review>;
  // What is kept of a request that waits.
  struct Asked {
    http::Ticket ticket;
    kube::Digest token;
    bool is_report;
    std::string agent;
    std::string verb;
    std::string path;
    std::string what() const { return verb + " " + right_of(path); }
  };

  // Each of these: nothing if it will be said later.
  std::optional<Ruling> judge(const http::Request& request, http::Ticket ticket);
  std::optional<Ruling> judge_report_token(std::string_view token, const Asked& asked);
  std::optional<Ruling> judge_reader(std::string_view token, const Asked& asked);
  std::optional<Ruling> judge_access(const kube::TokenReview& reader, const Asked& asked);

  // Nothing: `on_review` is called later.
  std::optional<Refusal> review(std::string_view token, const Asked& asked,
                                Pending<kube::TokenReview>::OnReview on_review);
  std::optional<Refusal> review(const kube::TokenReview& reader, const kube::Digest& key,
                                const Asked& asked,
                                Pending<kube::SubjectAccessReview>::OnReview on_review);
  void count_review(bool failed);
  http::Admission admission_of(Ruling ruling, std::string_view path);
  void decide(const Asked& asked, Ruling ruling);

  uv::Loop& loop_;
  AuthState& state_;
  kube::Client* const client_;
  const Decide decide_;
  const Log log_;
  bool api_away_ = false;  // Its last answer on a report's token was none.
  Clock::time_point ask_api_at_;
  Pending<kube::TokenReview> report_reviews_{{}};  // Of two kinds, for they differ in audience.
  Pending<kube::TokenReview> read_reviews_{{}};
  Pending<kube::SubjectAccessReview> access_reviews_{{}};
};

}  // namespace meshcheck::server

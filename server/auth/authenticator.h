// Decides which clients may report and which may read.
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
// decided at once: by a shared token, or by the Kubernetes API's review of the token within the
// last minute. A report is also decided by a review of the last two minutes, while a new one is
// requested. Otherwise the request waits for a new review; if the API does not answer, a review of
// the last hour decides on a report. The principal of a report is the uid of its token's pod, that
// of a reader the reader's name, and that of a shared token "token". A client that needs no token
// has none.
class Authenticator {
 public:
  // While the API is away, it is asked this often for requests that need not wait.
  static constexpr std::chrono::seconds kAskApiAgain{10};

  // Called for requests that had to wait.
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
  // The record of a request that waits.
  struct Asked {
    http::Ticket ticket;
    kube::Digest token;
    bool is_report;
    std::string agent;
    std::string verb;
    std::string path;
    std::string what() const { return verb + " " + right_of(path); }
  };

  // Each of these: nothing if the decision comes later.
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
  bool api_away_ = false;  // Its last review of a report's token failed.
  Clock::time_point ask_api_at_;
  Pending<kube::TokenReview> report_reviews_{{}};  // Two sets, since their audiences differ.
  Pending<kube::TokenReview> read_reviews_{{}};
  Pending<kube::SubjectAccessReview> access_reviews_{{}};
};

}  // namespace meshcheck::server

// Reviews of the Kubernetes API that are under way, one for each key.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "lib/base/result.h"
#include "lib/http/client.h"
#include "lib/kube/review_cache.h"

namespace meshcheck::server {

// Requests with the same key wait for the same review. Reviews and waiting requests are both
// bounded. One thread; destroying it ends all silently.
template <typename Review>
class PendingReviews {
 public:
  using OnReview = std::function<void(const Result<Review>& review)>;
  // Begins a review, as kube::review_token() does.
  using Ask = std::function<Result<http::Call>(std::function<void(Result<Review>)> on_review)>;
  struct Options {
    std::size_t reviews_max = 256;
    std::size_t waiting_max = 4096;
  };

  explicit PendingReviews(Options options) : options_(options) {}

  bool full(const kube::Digest& key) const {
    return waiting_ >= options_.waiting_max ||
           (pending_.size() >= options_.reviews_max && !pending_.contains(key));
  }

  // `on_review` is called once and later. An error, and no call: the review cannot begin. REQUIRES:
  // !full(key).
  Result<void> wait(const kube::Digest& key, const Ask& ask, OnReview on_review) {
    auto found = pending_.find(key);
    if (found == pending_.end()) {
      auto call = ask([this, key](const Result<Review>& review) { finish(key, review); });
      if (!call) return call.error();
      found = pending_.emplace(key, Pending{*std::move(call), {}}).first;
    }
    found->second.waiting.push_back(std::move(on_review));
    ++waiting_;
    return {};
  }

 private:
  struct Pending {
    http::Call call;
    std::vector<OnReview> waiting;
  };

  void finish(const kube::Digest& key, const Result<Review>& review) {
    // It is over before the callbacks run, since they may begin the next review.
    const auto ended = pending_.extract(key);
    waiting_ -= ended.mapped().waiting.size();
    for (const OnReview& on_review : ended.mapped().waiting) on_review(review);
  }

  Options options_;
  std::size_t waiting_ = 0;
  std::map<kube::Digest, Pending> pending_;
};

}  // namespace meshcheck::server

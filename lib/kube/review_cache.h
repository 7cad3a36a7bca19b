// Remembers reviews for a short while.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "lib/base/time.h"
#include "lib/kube/token_review.h"

namespace meshcheck::kube {

// SHA-256, so that no secret is held.
using Digest = std::array<unsigned char, 32>;
Digest digest_of(std::string_view text);

inline bool is_good(const TokenReview& review) {
  return review.authenticated;
}
inline bool is_good(const SubjectAccessReview& review) {
  return review.allowed;
}

// Pure. All keys of one cache are digests of the same kind of question. When it is full, the entry
// that would expire first is dropped; since a refusal is kept shorter, made-up tokens push out each
// other before they push out good ones. About a kilobyte an entry.
template <typename Review>
class ReviewCache {
 public:
  struct Options {
    std::size_t entries_max = 25'000;
    // A good review is kept for this time. Until then, or until it is asked about again, a revoked
    // token still counts as good.
    Clock::duration keep_good = std::chrono::seconds(60);
    Clock::duration ask_again = std::chrono::seconds(60);  // When a good review is due.
    Clock::duration keep_refused = std::chrono::seconds(10);
  };

  explicit ReviewCache(Options options) : options_(options) {}

  // The key's review, unless it is too old. Valid until the next insert().
  const Review* find(const Digest& key, Clock::time_point now) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() || now >= found->second.forget_at) return nullptr;
    return &found->second.review;
  }
  // It was good, and should be asked about again.
  bool is_due(const Digest& key, Clock::time_point now) const {
    const auto found = entries_.find(key);
    return found != entries_.end() && now >= found->second.ask_at;
  }
  // It has been due for as long as it was not.
  bool is_overdue(const Digest& key, Clock::time_point now) const {
    return is_due(key, now - options_.ask_again);
  }

  // Kept no longer than `expires_in`, if that is known.
  void insert(const Digest& key, Review review, Clock::time_point now,
              std::optional<Clock::duration> expires_in) {
    Clock::duration keep = is_good(review) ? options_.keep_good : options_.keep_refused;
    if (expires_in) keep = std::min(keep, *expires_in);
    if (const auto known = entries_.find(key); known != entries_.end()) {
      forget({known->second.forget_at, key});
    }
    if (keep <= Clock::duration::zero() || options_.entries_max == 0) return;
    while (!forget_order_.empty() &&
           (entries_.size() >= options_.entries_max || forget_order_.begin()->first <= now)) {
      forget(*forget_order_.begin());
    }
    const auto ask_at = now + (is_good(review) ? std::min(keep, options_.ask_again) : keep);
    entries_.emplace(key, Entry{now + keep, ask_at, std::move(review)});
    forget_order_.emplace(now + keep, key);
  }

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Clock::time_point forget_at;
    Clock::time_point ask_at;
    Review review;
  };
  using Position = std::pair<Clock::time_point, Digest>;

  // A copy, since it may be the set's own.
  void forget(Position first) {
    entries_.erase(first.second);
    forget_order_.erase(first);
  }

  Options options_;
  std::map<Digest, Entry> entries_;
  std::set<Position> forget_order_;
};

// All tokens of one cache are asked about with the same audiences; the key is the token's digest.
using TokenCache = ReviewCache<TokenReview>;
// The key is the digest of a user and an operation.
using AccessCache = ReviewCache<SubjectAccessReview>;

}  // namespace meshcheck::kube

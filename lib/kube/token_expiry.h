// Remembers verdicts on tokens for a short while.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/time.h"
#include "lib/kube/token_review.h"

namespace meshcheck::kube {

// Pure. Holds no token, only its SHA-256. All tokens are asked about with the same audiences. When
// it is full, what would be forgotten first is forgotten now; since a refusal is kept shorter,
// made-up tokens push out each other before they push out what is good. About a kilobyte an entry.
class TokenCache {
 public:
  struct Options {
    std::size_t entries_max = 25'000;
    // A token that was taken back, as with its pod, is good for so long.
    Clock::duration keep_authenticated = std::chrono::seconds(60);
    Clock::duration keep_refused = std::chrono::seconds(10);
  };

  explicit TokenCache(Options options) : options_(options) {}

  // What was said of this token, and is not too old. Valid until the next insert().
  const TokenVerdict* find(std::string_view token, Clock::time_point now) const;
  // Kept no longer than until `expires`, which token_expiry() knows.
  void insert(std::string_view token, TokenVerdict verdict, Clock::time_point now,
              std::optional<Clock::duration> expires_in);

  std::size_t size() const { return entries_.size(); }

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Entry {
    Clock::time_point forget_at;
    TokenVerdict verdict;
  };
  static Digest digest_of(std::string_view token);
  void forget(const std::pair<Clock::time_point, Digest>& first);

  Options options_;
  std::map<Digest, Entry> entries_;
  std::set<std::pair<Clock::time_point, Digest>> forget_order_;
};

// When the token says that it ends: the `exp` of a JWT, which is read and not verified, and good
// for nothing but keeping a verdict shorter. Nothing if it is no such token.
std::optional<WallTime> token_expiry(std::string_view token);

}  // namespace meshcheck::kube

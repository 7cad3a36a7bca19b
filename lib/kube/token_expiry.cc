#include "lib/kube/token_cache.h"

#include <openssl/sha.h>
#include <simdjson.h>

#include <algorithm>

#include "lib/kube/base64.h"
#include "lib/kube/config.h"

namespace meshcheck::kube {

TokenCache::Digest TokenCache::digest_of(std::string_view token) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

const TokenVerdict* TokenCache::find(std::string_view token, Clock::time_point now) const {
  const auto found = entries_.find(digest_of(token));
  if (found == entries_.end() || now >= found->second.forget_at) return nullptr;
  return &found->second.verdict;
}

void TokenCache::insert(std::string_view token, TokenVerdict verdict, Clock::time_point now,
                        std::optional<Clock::duration> expires_in) {
  Clock::duration keep =
      verdict.authenticated ? options_.keep_authenticated : options_.keep_refused;
  if (expires_in) keep = std::min(keep, *expires_in);
  const Digest digest = digest_of(token);
  if (const auto known = entries_.find(digest); known != entries_.end()) {
    forget({known->second.forget_at, digest});
  }
  if (keep <= Clock::duration::zero() || options_.entries_max == 0) return;
  while (!forget_order_.empty() &&
         (entries_.size() >= options_.entries_max || forget_order_.begin()->first <= now)) {
    forget(*forget_order_.begin());
  }
  entries_.emplace(digest, Entry{now + keep, std::move(verdict)});
  forget_order_.emplace(now + keep, digest);
}

void TokenCache::forget(const std::pair<Clock::time_point, Digest>& first) {
  const auto copy = first;  // It may be the set's own.
  entries_.erase(copy.second);
  forget_order_.erase(copy);
}

std::optional<WallTime> token_expiry(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos || token.size() > kTokenSizeMax) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto claims = decode_base64(token.substr(first + 1, second - first - 1));
  if (!claims) return std::nullopt;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::int64_t seconds = 0;
  if (parser.parse(claims->data(), claims->size()).get(root) != simdjson::SUCCESS ||
      root["exp"].get(seconds) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  // A time_point of nanoseconds holds no more than 292 years.
  constexpr std::int64_t kSecondsMax = 9'000'000'000;
  return WallTime(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kSecondsMax)));
}

}  // namespace meshcheck::kube

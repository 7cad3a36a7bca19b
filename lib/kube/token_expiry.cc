#include "lib/kube/token_expiry.h"

#include <simdjson.h>

#include <algorithm>

#include "lib/kube/base64.h"
#include "lib/kube/config.h"

namespace meshcheck::kube {

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

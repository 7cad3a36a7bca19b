#include "lib/base/token.h"

#include <algorithm>

#include "lib/base/file.h"
#include "lib/base/text.h"

namespace meshcheck {

Result<void> check_token(std::string_view token) {
  if (token.empty()) return Error("the token is empty");
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!printable) return Error("the token has characters that no token may have");
  return {};
}

Result<std::string> parse_token(std::string_view content) {
  const std::string_view token = trim(content);
  if (auto checked = check_token(token); !checked) return checked.error();
  return std::string(token);
}

Result<std::string> read_token(const std::string& path, std::size_t size_max) {
  const auto content = read_file(path, size_max);
  if (!content) return content.error().within("open " + path);
  auto token = parse_token(*content);
  if (!token) return token.error().within(path);
  return token;
}

}  // namespace meshcheck

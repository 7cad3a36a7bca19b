// Reads what a checker of Kubernetes wants to know: the keys of a check's `with`.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::checks {

// Ask for every key, then for the error: it names the first key that is wrong, missing or unknown.
class KubeWith {
 public:
  static constexpr std::size_t kTextSizeMax = 1024;
  static constexpr std::size_t kTextsMax = 32;

  explicit KubeWith(const nlohmann::json& with);

  std::string text(const char* key, const std::string& otherwise);
  std::string required_text(const char* key);
  // Nothing that would change a path: lower-case letters, digits, '-' and '.', at most 253.
  std::string name(const char* key, const std::string& otherwise);
  std::vector<std::string> texts(const char* key);  // At least one.
  bool flag(const char* key, bool otherwise);
  std::int64_t number(const char* key, std::int64_t otherwise, std::int64_t max);  // From 1 on.

  Result<void> end() const;

 private:
  const nlohmann::json* find(const char* key);
  void fail(const char* key, const std::string& what);

  const nlohmann::json& with_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> error_;
};

}  // namespace meshcheck::checks

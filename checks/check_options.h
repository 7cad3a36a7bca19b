// Reads the keys that a check's user has written under `with`.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/duration.h"
#include "lib/base/result.h"

namespace meshcheck::checks {

// Each key is read once, and then finish() returns the first error: "with.url: what". A key that
// was not read is an error, too.
class CheckOptions {
 public:
  static constexpr std::size_t kTextSizeMax = 2048;
  static constexpr std::size_t kListMax = 64;
  static constexpr std::size_t kNameSizeMax = 253;

  // `with` outlives this. If it is not a JSON object, finish() returns that error.
  explicit CheckOptions(const nlohmann::json& with);

  // A required text of one line, not empty.
  std::string text(const char* key);
  std::string text_or(const char* key, std::string absent);
  // A name of Kubernetes, safe in a URL's path: lower-case letters, digits, '-' and '.'.
  std::string name(const char* key);
  // `absent` is checked like a written name.
  std::string name_or(const char* key, std::string absent);
  // A list that is not empty, nor is any of its texts.
  std::vector<std::string> texts(const char* key);
  bool flag_or(const char* key, bool absent);
  std::int64_t number_or(const char* key, std::int64_t absent, std::int64_t least,
                         std::int64_t most);
  std::chrono::milliseconds duration_or(const char* key, std::chrono::milliseconds absent,
                                        DurationRange range);
  // The value's index in `choices`; 0 if it is absent.
  std::size_t choice(const char* key, std::initializer_list<std::string_view> choices);

  void fail(const char* key, const std::string& what);
  Result<void> finish();

 private:
  const nlohmann::json* find(const char* key);
  std::string checked_name(const char* key, std::string name);

  const nlohmann::json& with_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> error_;
};

}  // namespace meshcheck::checks

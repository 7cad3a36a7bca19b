// Reads what a check's user has written under `with`.
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

// Each key is asked for once, and then finish() says what was wrong first: "with.url: what". A key
// that nobody asked for is wrong, too.
class CheckOptions {
 public:
  static constexpr std::size_t kTextSizeMax = 2048;
  static constexpr std::size_t kListMax = 64;
  static constexpr std::size_t kNameSizeMax = 253;

  // `with` outlives this. What is no object is wrong as a whole.
  explicit CheckOptions(const nlohmann::json& with);

  // A text that is there, and is one line, not empty.
  std::string text(const char* key);
  std::string text_or(const char* key, std::string absent);
  // A name of Kubernetes, which changes no path: lower-case letters, digits, '-' and '.'.
  std::string name(const char* key);
  // `absent` is checked like what is written.
  std::string name_or(const char* key, std::string absent);
  // Not empty, nor is any of its texts.
  std::vector<std::string> texts(const char* key);
  bool flag_or(const char* key, bool absent);
  std::int64_t number_or(const char* key, std::int64_t absent, std::int64_t least,
                         std::int64_t most);
  std::chrono::milliseconds duration_or(const char* key, std::chrono::milliseconds absent,
                                        DurationRange range);
  // Its place among `choices`; the first if it is absent.
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

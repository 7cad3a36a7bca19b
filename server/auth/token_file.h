// A shared secret in a file, which clients show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/base/guarded.h"
#include "lib/base/result.h"

namespace meshcheck::server {

inline constexpr std::size_t kSharedTokenSizeMin = 16;

// Read by main's thread, compared by all.
class TokenFile {
 public:
  // Reads nothing yet: no token matches. Empty: there is no file.
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  // Reads the file, without the blanks around its content. After an error the old token stays.
  Result<void> read();
  // Takes a time that depends on the sizes alone.
  bool matches(std::string_view shown);

 private:
  const std::string path_;
  Guarded<std::string> token_;
};

}  // namespace meshcheck::server

// A secret that those who know it show, as it stands in a file.
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
  // Nothing is read yet, and nothing matches. Empty: there is no file.
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  // Takes what is there now, without the blanks around it. With an error all is as it was.
  Result<void> read();
  // In a time that depends on the sizes alone.
  bool matches(std::string_view shown);

 private:
  const std::string path_;
  Guarded<std::string> token_;
};

}  // namespace meshcheck::server

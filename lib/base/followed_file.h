// A small file that is replaced now and then, as the kubelet does with tokens and certificates.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/time.h"

namespace meshcheck {

// Read on the caller's thread when it is asked for, at most once a second. While it cannot be used
// what it said before stays; the log says so once, and once when it can be used again, and never
// what is in it.
class FollowedFile {
 public:
  static constexpr Clock::duration kAgeMax = std::chrono::seconds(1);
  // What is taken of the file's content; an error does not show it.
  using Take = Result<std::string> (*)(std::string_view content);

  struct Options {
    std::string path;  // Empty: there is no file, and nothing in it.
    std::size_t size_max = 0;
    Take take = nullptr;
    Log log;
  };
  explicit FollowedFile(Options options) : options_(std::move(options)) {}

  // Empty until it could be used for the first time.
  const std::string& text(Clock::time_point now);
  const std::string& path() const { return options_.path; }

 private:
  Result<std::string> read() const;

  Options options_;
  std::string text_;
  std::optional<Clock::time_point> read_at_;
  bool failed_ = false;
};

}  // namespace meshcheck

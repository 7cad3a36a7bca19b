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

// Read on the caller's thread when text() is called, at most once in kAgeMax. While the file cannot
// be used, the earlier text stays. The log notes once that it cannot be used, and once that it can
// again, and never shows the content.
class FollowedFile {
 public:
  static constexpr Clock::duration kAgeMax = std::chrono::seconds(1);
  // Turns the file's content into the text; an error does not show the content.
  using Take = Result<std::string> (*)(std::string_view content);

  struct Options {
    std::string path;  // Empty: there is no file, and text() is empty.
    std::size_t size_max = 0;
    Take take = nullptr;
    Log log;
  };
  explicit FollowedFile(Options options) : options_(std::move(options)) {}

  // Empty until the file could be used for the first time.
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

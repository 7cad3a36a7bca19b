#include "lib/base/followed_file.h"

#include <filesystem>
#include <utility>

#include "lib/base/file.h"

namespace meshcheck {

const std::string& FollowedFile::text(Clock::time_point now) {
  if (options_.path.empty() || (read_at_ && now - *read_at_ < kAgeMax)) return text_;
  read_at_ = now;
  auto fresh = read();
  const bool had_failed = std::exchange(failed_, !fresh);
  if (fresh) {
    text_ = *std::move(fresh);
    if (had_failed) options_.log.info("file can be used again", {{"file", options_.path}});
  } else if (!had_failed) {
    options_.log.warning("file cannot be used",
                         {{"file", options_.path},
                          {"error", fresh.error().message()},
                          {"used", text_.empty() ? "nothing" : "what it said before"}});
  }
  return text_;
}

Result<std::string> FollowedFile::read() const {
  // A pipe would hold the loop.
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(options_.path, error);
  if (error) return Error(error.message());
  if (!regular) return Error("it is no regular file");
  const auto content = read_file(options_.path, options_.size_max);
  if (!content) return content.error();
  return options_.take(*content);
}

}  // namespace meshcheck

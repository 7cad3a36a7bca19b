#include "lib/kube/token_source.h"

#include <algorithm>

#include "lib/base/token.h"

namespace meshcheck::kube {

Result<std::string> TokenSource::token(Clock::time_point now) {
  if (file_.empty() || (read_again_at_ && now < *read_again_at_)) return token_;
  auto read = read_token(file_, kTokenSizeMax);
  if (read) {
    token_ = *std::move(read);
    read_again_at_ = now + kAgeMax;
  } else if (token_.empty()) {
    return read.error();
  }
  return token_;
}

void TokenSource::refused(Clock::time_point now) {
  if (read_again_at_) read_again_at_ = std::min(*read_again_at_, now + std::chrono::seconds(1));
}

}  // namespace meshcheck::kube

// The token that goes with each request to the API, as fresh as its file.
#pragma once

#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/kube/config.h"

namespace meshcheck::kube {

// The kubelet replaces the token of a pod before it ends, so its file is read again when the token
// in memory is a minute old. Reads a small file on the caller's thread.
class TokenSource {
 public:
  static constexpr Clock::duration kAgeMax = std::chrono::minutes(1);

  explicit TokenSource(const Config& config) : file_(config.token_file), token_(config.token) {}

  // Empty if the configuration has no token. While the file cannot be read, the earlier token; an
  // error only if there is none. The text is a secret.
  Result<std::string> token(Clock::time_point now);
  // The API refused the token: the next call of token() reads the file, at most once a second.
  void refused(Clock::time_point now);

 private:
  std::string file_;
  std::string token_;
  std::optional<Clock::time_point> read_again_at_;  // Nothing: it was never read.
};

}  // namespace meshcheck::kube

#include "checks/votes.h"

#include <cassert>

namespace meshcheck::checks {
namespace {

constexpr std::size_t kReasonSizeMax = 300;

}  // namespace

std::string reason_of(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
  }
  if (text.size() > kReasonSizeMax) text.resize(kReasonSizeMax);
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::optional<CheckResult> Votes::passed() {
  assert(left_ > 0);
  --left_;
  if (follow_ == Follow::kAny || left_ == 0) return CheckResult{sla::Status::kUp, {}};
  return std::nullopt;
}

std::optional<CheckResult> Votes::failed(const std::string& reason) {
  assert(left_ > 0);
  --left_;
  if (reason_.empty()) reason_ = reason_of(reason);
  if (follow_ == Follow::kAll || left_ == 0) return CheckResult{sla::Status::kDown, reason_};
  return std::nullopt;
}

}  // namespace meshcheck::checks

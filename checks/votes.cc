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

// Where nobody decided; without a reason all is well.
CheckResult Votes::undecided(const std::string& down) const {
  if (!not_asked_.empty()) return {sla::Status::kUnknown, not_asked_};
  return {down.empty() ? sla::Status::kUp : sla::Status::kDown, down};
}

std::optional<CheckResult> Votes::passed() {
  assert(left_ > 0);
  --left_;
  if (follow_ == Follow::kAny) return CheckResult{sla::Status::kUp, {}};
  return left_ == 0 ? std::optional(undecided({})) : std::nullopt;
}

std::optional<CheckResult> Votes::failed(const probe::Trouble& trouble) {
  assert(left_ > 0);
  --left_;
  std::string& reason = trouble.is_own() ? not_asked_ : reason_;
  if (reason.empty()) reason = reason_of(trouble.text);
  if (follow_ == Follow::kAll && !trouble.is_own()) return CheckResult{sla::Status::kDown, reason_};
  return left_ == 0 ? std::optional(undecided(reason_)) : std::nullopt;
}

CheckResult Votes::timed_out(std::string_view silence) const {
  const std::string down = reason_.empty() ? std::string(silence) : reason_;
  return follow_ == Follow::kAll ? CheckResult{sla::Status::kDown, down} : undecided(down);
}

}  // namespace meshcheck::checks

// One result from those of several addresses.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "checks/check.h"
#include "probe/trouble.h"

namespace meshcheck::checks {

// At most this many addresses of a name are asked, the resolver's first ones.
inline constexpr std::size_t kAddressesMax = 16;

enum class Follow : std::uint8_t { kAny, kAll };

// A reason as CheckResult has it: control characters become blanks, and a text that is too long is
// cut.
std::string reason_of(std::string text);

// With kAny the first address that answers well decides, with kAll the first that does not. An
// address that could not be asked decides nothing. If no other one decides, the result is unknown.
class Votes {
 public:
  Votes(Follow follow, std::size_t voters) : follow_(follow), left_(voters) {}

  // Each returns the result once it is decided.
  std::optional<CheckResult> passed();
  std::optional<CheckResult> failed(const probe::Trouble& trouble);
  // The result when the time is up: addresses that have not answered failed with the reason
  // `silence`.
  CheckResult timed_out(std::string_view silence) const;

 private:
  CheckResult undecided(const std::string& down) const;

  Follow follow_;
  std::size_t left_;
  std::string reason_;     // The first failure.
  std::string not_asked_;  // Why an address could not be asked.
};

}  // namespace meshcheck::checks

// One result out of those of several addresses.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "checks/check.h"
#include "probe/trouble.h"

namespace meshcheck::checks {

// At most so many addresses of a name are asked; the resolver's first ones.
inline constexpr std::size_t kAddressesMax = 16;

enum class Follow : std::uint8_t { kAny, kAll };

// A reason as CheckResult has it: control characters become blanks, and of what is too long the
// beginning stays.
std::string reason_of(std::string text);

// With kAny the first address that answers well decides, with kAll the first that does not. Whoever
// could not be asked decides nothing, and leaves unknown what no other decides.
class Votes {
 public:
  Votes(Follow follow, std::size_t voters) : follow_(follow), left_(voters) {}

  // Each says the result once it is decided.
  std::optional<CheckResult> passed();
  std::optional<CheckResult> failed(const probe::Trouble& trouble);
  // The time is up, and who has not answered is silent.
  CheckResult timed_out(std::string_view silence) const;

 private:
  CheckResult undecided(const std::string& down) const;

  Follow follow_;
  std::size_t left_;
  std::string reason_;     // What failed first.
  std::string not_asked_;  // Why one could not be asked.
};

}  // namespace meshcheck::checks

// When a token ends, from its own `exp`.
#pragma once

#include <optional>
#include <string_view>

#include "lib/base/time.h"

namespace meshcheck::kube {

// The `exp` of a JWT, which is read and not verified, and good for nothing but keeping a review
// shorter. Nothing if it is no such token.
std::optional<WallTime> token_expiry(std::string_view token);

}  // namespace meshcheck::kube

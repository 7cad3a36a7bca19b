// Reads Prometheus' answer to an instant query.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace meshcheck::checks {

// The value of its first result, or why there is none.
Result<std::string> first_value(std::string_view body);

}  // namespace meshcheck::checks

// The names of agents and nodes.
#pragma once

#include <cstddef>
#include <string_view>

#include "lib/base/result.h"

namespace meshcheck::mesh {

// Names may become file names, labels and host names elsewhere: Kubernetes' own bound.
inline constexpr std::size_t kNameSizeMax = 253;

// At most kNameSizeMax bytes without control characters. The error begins with `what`.
Result<void> check_text(std::string_view text, std::string_view what);

// As check_text(), and neither empty nor with a '/', since a name is part of a path.
Result<void> check_name(std::string_view name, std::string_view what = "an agent's name");

// netchecker's answer about an agent whose report is not held.
inline constexpr std::string_view kUnknownAgent = "There is no such entry in the agent cache";

}  // namespace meshcheck::mesh

// A verdict that was open in a time whose availability a user asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/time.h"

namespace meshcheck::server {

struct ShownVerdict {
  std::uint64_t id = 0;
  WallTime opened;
  std::optional<WallTime> closed;  // Nothing: it is still open.
  std::string kind;
  std::string sentence;
};

}  // namespace meshcheck::server

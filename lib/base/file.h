// Small files that are read whole.
#pragma once

#include <cstddef>
#include <string>

#include "lib/base/result.h"

namespace meshcheck {

// Returns the file's content. A file of more than `size_max` bytes is an error, and no more than
// that is ever read, so that /dev/zero takes no memory. The error does not name the path. A pipe
// would block the thread: callers check for one first.
Result<std::string> read_file(const std::string& path, std::size_t size_max);

}  // namespace meshcheck

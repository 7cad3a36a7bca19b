// Small files that are read whole.
#pragma once

#include <cstddef>
#include <string>

#include "lib/base/result.h"

namespace meshcheck {

// What is in the file. One of more than `size_max` bytes is an error, and no more than that is ever
// read, so that /dev/zero takes no memory. The error does not name the path; whoever reads a file
// that may be a pipe looks first, since a pipe would hold the thread.
Result<std::string> read_file(const std::string& path, std::size_t size_max);

}  // namespace meshcheck

// Changes a file of the user's as a whole.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace meshcheck::meshctl {

// Afterwards the file has `text`, or, with an error or after a crash, all that it had before. It
// keeps its mode, and a link stays a link. The file has to be there.
Result<void> replace_file(const std::string& path, std::string_view text);

}  // namespace meshcheck::meshctl

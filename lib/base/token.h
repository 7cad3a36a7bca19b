// A bearer token (RFC 6750, section 2.1) as it stands in a file or a header. Its text is a secret:
// no error shows it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace meshcheck {

// Printable ASCII without blanks, and not empty.
Result<void> check_token(std::string_view token);
// The content of a token's file without the blanks around it.
Result<std::string> parse_token(std::string_view content);
// An error names the path. A file of more than `size_max` bytes is one.
Result<std::string> read_token(const std::string& path, std::size_t size_max);

}  // namespace meshcheck

// Base64 as kubeconfig files (RFC 4648, 4) and tokens (section 5) have it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meshcheck::kube {

// Either alphabet, with padding or without; line ends and blanks are skipped. Nothing if other
// characters are there or if bits are left over.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace meshcheck::kube

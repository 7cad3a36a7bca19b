#include "server/auth/token_file.h"

#include <openssl/crypto.h>

#include <utility>

#include "lib/base/token.h"
#include "lib/kube/config.h"

namespace meshcheck::server {

Result<void> TokenFile::read() {
  auto token = read_token(path_, kube::kTokenSizeMax);
  if (!token) return token.error();
  if (token->size() < kSharedTokenSizeMin) {
    return Error(path_ + ": a token has at least " + std::to_string(kSharedTokenSizeMin) +
                 " bytes");
  }
  token_.with([&](std::string& current) { current = *std::move(token); });
  return {};
}

bool TokenFile::matches(std::string_view shown) {
  return token_.with([&](const std::string& token) {
    return !token.empty() && token.size() == shown.size() &&
           CRYPTO_memcmp(token.data(), shown.data(), token.size()) == 0;
  });
}

}  // namespace meshcheck::server

#include "mesh/stamp/hmac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <cassert>
#include <string>

namespace meshcheck::stamp {

void Key::FreeContext::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);
}

Result<Key> Key::from_bytes(Bytes secret) {
  if (secret.size() < kSizeMin || secret.size() > kSizeMax) {
    return Error("a key of " + std::to_string(secret.size()) + " octets; " +
                 std::to_string(kSizeMin) + " to " + std::to_string(kSizeMax) + " are allowed");
  }
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  Context context(mac == nullptr ? nullptr : EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);  // The context holds a reference of its own.
  std::string digest = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  if (!context || EVP_MAC_init(context.get(), secret.data(), secret.size(), parameters) != 1) {
    return Error("libcrypto offers no HMAC-SHA-256");
  }
  return Key(std::move(context));
}

Hmac Key::sign(Bytes first, Bytes second) const {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  std::size_t size = 0;
  // Without a key: starts over with the one from from_bytes().
  const bool signed_well =
      EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
      EVP_MAC_update(context_.get(), first.data(), first.size()) == 1 &&
      (second.empty() || EVP_MAC_update(context_.get(), second.data(), second.size()) == 1) &&
      EVP_MAC_final(context_.get(), digest.data(), &size, digest.size()) == 1;
  assert(signed_well && size >= kHmacSize);
  Hmac hmac;
  std::copy_n(digest.begin(), kHmacSize, hmac.begin());
  return hmac;
}

bool Key::verify(Bytes hmac, Bytes first, Bytes second) const {
  assert(hmac.size() == kHmacSize);
  const Hmac expected = sign(first, second);
  return CRYPTO_memcmp(expected.data(), hmac.data(), kHmacSize) == 0;
}

}  // namespace meshcheck::stamp

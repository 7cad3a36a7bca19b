// The keyed hash of STAMP: HMAC-SHA-256 cut to 128 bits (RFC 8762 section 4.4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "lib/base/result.h"
#include "mesh/stamp/wire.h"

struct evp_mac_ctx_st;

namespace meshcheck::stamp {

inline constexpr std::size_t kHmacSize = 16;
using Hmac = std::array<std::uint8_t, kHmacSize>;

// A shared secret, already expanded by libcrypto, so that a packet costs hashing and no set-up. It
// cannot be read back. One thread at a time, although its functions are const: the hash is worked
// out inside.
class Key {
 public:
  static constexpr std::size_t kSizeMin = 16;  // A key shorter than the cut hash would weaken it.
  static constexpr std::size_t kSizeMax = 64;  // SHA-256's block; longer ones are hashed first.

  static Result<Key> from_bytes(Bytes secret);

  // The hash of `first` followed by `second`.
  Hmac sign(Bytes first, Bytes second = {}) const;
  // Takes constant time. `hmac` is kHmacSize long.
  bool verify(Bytes hmac, Bytes first, Bytes second = {}) const;

 private:
  struct FreeContext {
    void operator()(evp_mac_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_mac_ctx_st, FreeContext>;

  explicit Key(Context context) : context_(std::move(context)) {}

  Context context_;
};

}  // namespace meshcheck::stamp

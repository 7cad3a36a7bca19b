// Addresses and endpoints as keys of hash maps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "lib/base/ip_address.h"

namespace meshcheck::probe {

// For trusted keys only: an attacker who chooses the keys can make all of them collide.
struct AddressHash {
  std::size_t operator()(const IpAddress& address) const {
    std::uint64_t words[2] = {0, 0};
    std::memcpy(words, address.bytes().data(), address.bytes().size());
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // Of the golden ratio, as is usual.
    const std::uint64_t mixed = (words[0] ^ (words[1] * kOdd)) * kOdd;
    return mixed ^ (mixed >> 32);
  }
};

struct EndpointHash {
  std::size_t operator()(const Endpoint& endpoint) const {
    return AddressHash()(endpoint.address) * 31 + endpoint.port;
  }
};

}  // namespace meshcheck::probe

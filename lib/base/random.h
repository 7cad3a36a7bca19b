// Numbers that are the same for a seed on every platform, which <random>'s distributions are not.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace meshcheck {

// splitmix64: one word of state, and any seed is a good one. Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t word = state_;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31U);
  }

  // 0 to `bound` - 1. The remainder's bias is below bound / 2^64: nothing here can see it.
  std::size_t below(std::size_t bound) {
    assert(bound > 0);
    return static_cast<std::size_t>(next() % bound);
  }

  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[below(left)]);
    }
  }

 private:
  std::uint64_t state_;
};

// FNV-1a, mixed once more: the place of these bytes on the ring of this seed.
inline std::uint64_t hash(std::uint64_t seed, std::span<const std::uint8_t> bytes) {
  std::uint64_t word = 0xcbf29ce484222325U;
  for (const std::uint8_t byte : bytes) word = (word ^ byte) * 0x100000001b3U;
  return Random(Random(seed).next() ^ word).next();
}
inline std::uint64_t hash(std::uint64_t seed, std::string_view text) {
  return hash(seed, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace meshcheck

// Compression of short blobs (RFC 1951), without a header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace meshcheck::history {

using Bytes = std::vector<std::uint8_t>;

Bytes deflate(std::span<const std::uint8_t> bytes);
// Nothing if the bytes are damaged, or if more than `size_max` come out of them.
std::optional<Bytes> inflate(std::span<const std::uint8_t> bytes, std::size_t size_max);

}  // namespace meshcheck::history

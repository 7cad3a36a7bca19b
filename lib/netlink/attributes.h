// Netlink messages and attributes as views into received bytes, with every length checked.
// libmnl's walkers read a value where it stands, whatever its length and alignment, so they are for
// the kernel's own bytes; these take any, as the fuzzer gives them.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

namespace meshcheck::netlink {

using Bytes = std::span<const std::uint8_t>;

// The first bytes as a T, wherever they lie in memory; nothing when there are too few.
template <typename T>
requires std::is_trivially_copyable_v<T> std::optional<T> read_as(Bytes bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// One message of a datagram; the payload is a view into it.
struct Message {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  Bytes payload;
};

// Takes the next message off the front of `bytes`. At a message that claims to be longer than the
// rest it returns nothing and empties `bytes`.
std::optional<Message> next_message(Bytes& bytes);

struct Attribute {
  std::uint16_t type = 0;  // Without the flags for nesting and byte order.
  Bytes payload;

  // 0 or empty when the payload is too short: the kernel does not send such a thing, and a message
  // is not worth losing over it.
  std::uint8_t u8() const { return read_as<std::uint8_t>(payload).value_or(0); }
  std::uint32_t u32() const { return read_as<std::uint32_t>(payload).value_or(0); }
  std::string text() const;  // Up to the first NUL.
};

// Takes the next attribute off the front of `bytes`. Fewer bytes than a header are padding; an
// attribute that claims to be longer than the rest ends the list, as if it were not there.
std::optional<Attribute> next_attribute(Bytes& bytes);

}  // namespace meshcheck::netlink

// Reads an object's fields out of foreign JSON: an error names the key and the expected value.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::mesh {

inline Error expected(std::string_view key, std::string_view what) {
  return Error(std::string(key) + ": " + std::string(what) + " is expected");
}

inline Result<std::uint64_t> read_number(const simdjson::dom::element& value, std::uint64_t least,
                                         std::uint64_t most) {
  std::uint64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number < least || number > most) {
    return Error("a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                 " is expected");
  }
  return number;
}

// These leave the target as it is where the key is absent.

struct Bounds {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

template <typename Integer>
Result<void> read_field(const simdjson::dom::element& object, std::string_view key, Bounds bounds,
                        Integer& target) {
  simdjson::dom::element value;
  if (object[key].get(value) != simdjson::SUCCESS) return {};
  const auto number = read_number(value, bounds.least, bounds.most);
  if (!number) return number.error().within(key);
  target = static_cast<Integer>(*number);
  return {};
}

template <typename Integer>
Result<void> read_field(const simdjson::dom::element& object, std::string_view key,
                        Integer& target) {
  return read_field(object, key, {0, std::numeric_limits<Integer>::max()}, target);
}

inline Result<void> read_field(const simdjson::dom::element& object, std::string_view key,
                               std::size_t size_max, std::string& target) {
  simdjson::dom::element value;
  if (object[key].get(value) != simdjson::SUCCESS) return {};
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS || text.size() > size_max) {
    return expected(key, "a text of at most " + std::to_string(size_max) + " bytes");
  }
  target = text;
  return {};
}

// Hands each element of a list to `read_item`, whose first error ends it.
template <typename ReadItem>
Result<void> read_each(const simdjson::dom::element& object, std::string_view key,
                       std::size_t items_max, ReadItem&& read_item) {
  simdjson::dom::element value;
  simdjson::dom::array list;
  if (object[key].get(value) != simdjson::SUCCESS) return {};
  if (value.get(list) != simdjson::SUCCESS || list.size() > items_max) {
    return expected(key, "a list of at most " + std::to_string(items_max));
  }
  for (const simdjson::dom::element item : list) {
    if (Result<void> done = read_item(item); !done) return done;
  }
  return {};
}

inline Result<void> read_each_text(const simdjson::dom::element& object, std::string_view key,
                                   std::size_t items_max,
                                   const std::function<Result<void>(std::string_view)>& read_text) {
  return read_each(object, key, items_max, [&](const simdjson::dom::element& item) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) return Result<void>(expected(key, "a list of texts"));
    return read_text(text);
  });
}

// The link MTUs of an agent's addresses, in their order.
inline Result<void> read_link_mtus(const simdjson::dom::element& object, std::size_t items_max,
                                   std::vector<std::uint32_t>& link_mtus) {
  return read_each(object, "link_mtus", items_max, [&](const simdjson::dom::element& item) {
    const auto mtu = read_number(item, 0, std::numeric_limits<std::uint32_t>::max());
    if (!mtu) return Result<void>(mtu.error().within("link_mtus"));
    link_mtus.push_back(static_cast<std::uint32_t>(*mtu));
    return Result<void>();
  });
}

}  // namespace meshcheck::mesh

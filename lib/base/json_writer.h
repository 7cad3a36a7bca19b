// JSON written into a string, where building a document first would cost too much.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/text.h"

namespace meshcheck {

// Each continues the JSON in `out`; one with a key adds a member to an object, with a comma before
// it unless it is the first.

// `"key":`; the value is to follow.
void append_json_key(std::string& out, std::string_view key);
void append_json_member(std::string& out, std::string_view key, std::string_view text);
void append_json_number(std::string& out, std::string_view key, std::uint64_t number);
// Appends nothing if `flag` is not set.
void append_json_flag(std::string& out, std::string_view key, std::optional<bool> flag);
// Milliseconds with three decimals; less than 0 is 0.
void append_json_milliseconds(std::string& out, std::string_view key,
                              std::chrono::microseconds time);

// A number as short as it can be, with six digits at most: 0.25, 1.5e-05.
void append_json_number(std::string& out, double number);

// The bound of a list that may be longer than there is room for.
struct JsonBound {
  std::size_t items_max;
  std::size_t bytes_max;
};

// Appends items with commas between them, until one exceeds the bound.
template <typename Items, typename AppendItem>
void append_json_items(std::string& out, const Items& items, JsonBound bound,
                       AppendItem&& append_item) {
  const std::size_t begin = out.size();
  std::size_t count = 0;
  for (const auto& item : items) {
    if (count == bound.items_max) return;
    const std::size_t item_begin = out.size();
    if (count != 0) out += ',';
    append_item(item);
    if (out.size() - begin > bound.bytes_max) {
      out.resize(item_begin);
      return;
    }
    ++count;
  }
}

// `"key":[...]`
template <typename Items, typename AppendItem>
void append_json_list(std::string& out, std::string_view key, const Items& items, JsonBound bound,
                      AppendItem&& append_item) {
  append_json_key(out, key);
  out += '[';
  append_json_items(out, items, bound, append_item);
  out += ']';
}

// `["a","b"]`
template <typename Texts>
void append_json_texts(std::string& out, const Texts& texts, JsonBound bound) {
  out += '[';
  append_json_items(out, texts, bound, [&](const auto& text) { append_json_string(out, text); });
  out += ']';
}

}  // namespace meshcheck

// A YAML document as a tree that knows its lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/result.h"

namespace meshcheck::yaml {

inline constexpr std::size_t kDepthMax = 32;

struct Bounds {
  std::size_t mebibytes_max = 1;
  std::size_t values_max = 100'000;
};

struct Entry;

// A value. Entries are in the file's order; no key is there twice.
struct Node {
  enum class Kind : std::uint8_t { kNull, kText, kList, kMap };

  Kind kind = Kind::kNull;
  bool plain = false;          // Of a text: it was written without quotes, so it may mean a number.
  std::size_t line = 0;        // Where it begins; the first is 1.
  std::string text;            // As it is written: "0x10", "true".
  std::vector<Node> items;     // Of a list.
  std::vector<Entry> entries;  // Of a map.

  bool is_null() const { return kind == Kind::kNull; }
  bool is_text() const { return kind == Kind::kText; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // Of a map's entry; null if there is none, or this is no map.
  const Node* find(std::string_view key) const;
  // "line 3: what"
  Error error(std::string_view what) const;
};

struct Entry {
  std::string key;
  std::size_t line = 0;
  Node value;

  Error error(std::string_view what) const;
};

// An empty text is null. JSON is YAML, too. Errors: aliases, since a few lines of them unfold into
// gigabytes, keys given twice, keys that are no scalars, tags, several documents, and documents
// beyond the bounds and kDepthMax. An error names the line.
Result<Node> parse(const std::string& text, Bounds bounds = {});
// An error does not name the path.
Result<Node> read(const std::string& path, Bounds bounds = {});

}  // namespace meshcheck::yaml

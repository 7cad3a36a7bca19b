#include "mesh/report/go_json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/base/text.h"
#include "lib/base/time.h"

namespace meshcheck::mesh::go_json {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// `["10.1.1.1/24"]`, or null.
Result<void> append_string_array(std::string& out, const element& value, const Place& place) {
  simdjson::dom::array array;
  if (value.is_null()) {
    out += "null";
    return {};
  }
  if (value.get(array) != simdjson::SUCCESS) return mismatch(value, place, "[]string");
  char separator = '[';
  for (const element item : array) {
    std::string text;
    if (auto read_item = read(item, place, text); !read_item) return read_item;
    out += separator;
    append_json_string(out, text);
    separator = ',';
  }
  out += separator == '[' ? "[]" : "]";
  return {};
}

}  // namespace

std::string described(const element& value) {
  switch (value.type()) {
    case element_type::STRING:
      return "string";
    case element_type::BOOL:
      return "bool";
    case element_type::ARRAY:
      return "array";
    case element_type::OBJECT:
      return "object";
    default:
      return "number " + simdjson::to_string(value);
  }
}

Error mismatch(const element& value, const Place& place, std::string_view go_type) {
  return Error("json: cannot unmarshal " + described(value) + " into Go struct field " +
               std::string(place.structure) + "." + std::string(place.key) + " of type " +
               std::string(go_type));
}

Result<void> read(const element& value, const Place& place, std::int64_t& target) {
  if (value.is_null()) return {};
  if (value.get(target) != simdjson::SUCCESS) return mismatch(value, place, "int");
  return {};
}

Result<void> read(const element& value, const Place& place, std::uint64_t& target) {
  if (value.is_null()) return {};
  if (value.get(target) != simdjson::SUCCESS) return mismatch(value, place, "uint64");
  return {};
}

Result<void> read(const element& value, const Place& place, std::string& target) {
  if (value.is_null()) return {};
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return mismatch(value, place, "string");
  target = text;
  return {};
}

Result<void> read_time(const element& value, const Place& place, std::string& target) {
  if (value.is_null()) return {};
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return mismatch(value, place, "time.Time");
  auto time = Rfc3339::parse(text);
  if (!time) return time.error().within(place.key);
  target = time->text();
  return {};
}

Result<void> read_map(const element& value, const Place& place, std::string& target) {
  if (value.is_null()) {
    target = "null";
    return {};
  }
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return mismatch(value, place, "map[string][]string");
  std::vector<std::pair<std::string_view, element>> entries;
  for (const auto field : object) entries.emplace_back(field.key, field.value);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  target = "{";
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i + 1 < entries.size() && entries[i + 1].first == entries[i].first) continue;
    if (target.size() > 1) target += ',';
    append_json_string(target, entries[i].first);
    target += ':';
    if (auto appended = append_string_array(target, entries[i].second, place); !appended) {
      return appended;
    }
  }
  target += '}';
  return {};
}

std::string explain_syntax(std::string_view body, std::string_view reason) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto invalid = [](char c, std::string_view where) {
    std::string quoted;
    append_json_string(quoted, std::string_view(&c, 1));
    return "invalid character '" + quoted.substr(1, quoted.size() - 2) + "' " + std::string(where);
  };
  const auto first = body.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "unexpected end of JSON input";
  if (std::string_view("{[\"-0123456789tfn").find(body[first]) == std::string_view::npos) {
    return invalid(body[first], "looking for beginning of value");
  }
  if (body[first] != '{' && body[first] != '[') return std::string(reason);
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = first; i < body.size(); ++i) {
    const char c = body[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      const auto rest = body.find_first_not_of(kSpace, i + 1);
      if (rest == std::string_view::npos) return std::string(reason);
      return invalid(body[rest], "after top-level value");
    }
  }
  return "unexpected end of JSON input";
}

}  // namespace meshcheck::mesh::go_json

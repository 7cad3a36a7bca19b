#include "lib/yaml/json.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace meshcheck::yaml {
namespace {

using nlohmann::json;

template <typename Number>
std::optional<Number> number_of(const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

json value_of(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return nullptr;
  }
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (const auto number = number_of<std::uint64_t>(text)) return *number;
  if (const auto number = number_of<std::int64_t>(text)) return *number;
  const bool numeric = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  const auto number = numeric ? number_of<double>(text) : std::nullopt;
  if (number && std::isfinite(*number)) return *number;
  return text;
}

}  // namespace

// Recurses at most kDepthMax deep.
json to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return nullptr;
    case Node::Kind::kText:
      return node.plain ? value_of(node.text) : json(node.text);
    case Node::Kind::kList: {
      auto list = json::array();
      for (const Node& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case Node::Kind::kMap: {
      auto map = json::object();
      for (const Entry& entry : node.entries) map[entry.key] = to_json(entry.value);
      return map;
    }
  }
  return nullptr;
}

Result<json> parse_json(const std::string& text, Bounds bounds) {
  const auto root = parse(text, bounds);
  if (!root) return root.error();
  return to_json(*root);
}

Result<json> read_json(const std::string& path, Bounds bounds) {
  const auto root = read(path, bounds);
  if (!root) return root.error();
  return to_json(*root);
}

}  // namespace meshcheck::yaml

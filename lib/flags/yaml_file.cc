#include "lib/flags/yaml_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <iterator>

#include "lib/base/file.h"

namespace meshcheck::flags {
namespace {

constexpr std::size_t kFileSizeMax = std::size_t{1} << 20U;

Result<std::string> value_of(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  if (node.IsNull()) return Error("a value is missing");
  if (!node.IsSequence()) return Error("a plain value or a list is expected");
  std::string joined;
  for (const YAML::Node& item : node) {
    if (!item.IsScalar()) return Error("the list may hold plain values only");
    if (!joined.empty()) joined += ',';
    joined += item.Scalar();
  }
  return joined;
}

Result<std::vector<YamlEntry>> entries_of(const YAML::Node& root) {
  std::vector<YamlEntry> entries;
  if (root.IsNull()) return entries;
  if (!root.IsMap()) return Error("a mapping of flag names to values is expected");
  for (const auto& pair : root) {
    if (!pair.first.IsScalar()) return Error("a key must be a flag's name");
    const std::string& key = pair.first.Scalar();
    const bool duplicate = std::any_of(entries.begin(), entries.end(),
                                       [&](const YamlEntry& entry) { return entry.key == key; });
    if (duplicate) return Error("given twice").within(key);
    auto value = value_of(pair.second);
    if (!value) return value.error().within(key);
    entries.push_back({key, *std::move(value)});
  }
  return entries;
}

}  // namespace

Result<std::vector<YamlEntry>> parse_yaml(const std::string& text) {
  try {
    return entries_of(YAML::Load(text));
  } catch (const YAML::Exception& exception) {
    return Error(exception.what());
  }
}

Result<std::vector<YamlEntry>> read_yaml_file(const std::string& path) {
  const auto text = read_file(path, kFileSizeMax);
  if (!text) return text.error().within("open");
  return parse_yaml(*text);
}

}  // namespace meshcheck::flags

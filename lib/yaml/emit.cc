#include "lib/yaml/emit.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/base/text.h"

namespace meshcheck::yaml {
namespace {

using Json = nlohmann::ordered_json;

bool is_letter(char c) {
  return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

// Letters first, then what never has a meaning in YAML.
bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords = {"y",   "n",    "yes",   "no",  "on",
                                                      "off", "true", "false", "null"};
  if (text.empty() || !is_letter(text.front()) || text.back() == ' ') return false;
  const auto means = [&](std::string_view word) { return equals_ignoring_case(word, text); };
  if (std::any_of(kWords.begin(), kWords.end(), means)) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') ||
           std::string_view("_./-+ ()").find(c) != std::string_view::npos;
  });
}

void emit_text(YAML::Emitter& out, const std::string& text) {
  if (!is_plain(text)) out << YAML::DoubleQuoted;
  out << text;
}

// As deep as what was parsed.
void emit(YAML::Emitter& out, const Json& tree) {
  if (tree.is_object()) {
    out << (tree.empty() ? YAML::Flow : YAML::Block) << YAML::BeginMap;
    for (const auto& [key, value] : tree.items()) {
      out << YAML::Key;
      emit_text(out, key);
      out << YAML::Value;
      emit(out, value);
    }
    out << YAML::EndMap;
  } else if (tree.is_array()) {
    out << (tree.empty() ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
    for (const Json& item : tree) emit(out, item);
    out << YAML::EndSeq;
  } else if (tree.is_string()) {
    emit_text(out, tree.get_ref<const std::string&>());
  } else if (tree.is_null()) {
    out << YAML::Null;
  } else {
    out << tree.dump();
  }
}

}  // namespace

std::string text_of(const Json& tree) {
  YAML::Emitter out;
  out.SetNullFormat(YAML::LowerNull);
  emit(out, tree);
  return std::string(out.c_str(), out.size()) + '\n';
}

}  // namespace meshcheck::yaml

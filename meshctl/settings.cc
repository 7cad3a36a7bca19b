#include "meshctl/settings.h"

#include <array>
#include <string_view>
#include <utility>

#include "lib/yaml/emit.h"
#include "lib/yaml/node.h"

namespace meshcheck::meshctl {
namespace {

using Field = std::pair<std::string_view, std::string Settings::*>;
constexpr std::array<Field, 8> kFields = {{
    {"server", &Settings::server},
    {"token-file", &Settings::token_file},
    {"ca-file", &Settings::ca_file},
    {"certificate-file", &Settings::certificate_file},
    {"key-file", &Settings::key_file},
    {"kube-context", &Settings::kube_context},
    {"namespace", &Settings::kube_namespace},
    {"service", &Settings::service},
}};

Result<Settings> parse_settings(const yaml::Node& node) {
  if (!node.is_map()) return node.error("a context is a map");
  Settings settings;
  for (const yaml::Entry& entry : node.entries) {
    bool known = false;
    for (const auto& [key, member] : kFields) {
      if (key != entry.key) continue;
      if (!entry.value.is_text()) return entry.error(entry.key + ": a text is expected");
      settings.*member = entry.value.text;
      known = true;
    }
    if (!known) return entry.error("unknown key " + entry.key);
  }
  return settings;
}

std::string known_contexts(const ConfigFile& file) {
  std::string names;
  for (const auto& [name, settings] : file.contexts) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "there is none" : "there are " + names;
}

}  // namespace

Settings merged(const Settings& first, const Settings& second) {
  if (!first.server.empty() || !first.kube_context.empty()) return first;
  Settings out = first;
  for (const auto& [key, member] : kFields) {
    if (member == &Settings::server && first.names_service()) continue;
    if ((out.*member).empty()) out.*member = second.*member;
  }
  return out;
}

Result<ConfigFile> parse_config_file(const std::string& text) {
  auto root = yaml::parse(text);
  if (!root) return root.error();
  ConfigFile file;
  if (root->is_null()) return file;
  if (!root->is_map()) return root->error("a map is expected");
  for (const yaml::Entry& entry : root->entries) {
    if (entry.key == "current") {
      if (!entry.value.is_text()) return entry.error("current: a text is expected");
      file.current = entry.value.text;
    } else if (entry.key == "contexts") {
      if (!entry.value.is_map()) return entry.error("contexts: a map is expected");
      for (const yaml::Entry& context : entry.value.entries) {
        auto settings = parse_settings(context.value);
        if (!settings) return settings.error().within(context.key);
        file.contexts.emplace(context.key, *std::move(settings));
      }
    } else {
      return entry.error("unknown key " + entry.key);
    }
  }
  return file;
}

std::string with_current(const std::string& text, const std::string& name) {
  std::string line = yaml::text_of({{"current", name}});
  const auto root = yaml::parse(text);
  const yaml::Node* const current = root ? root->find("current") : nullptr;
  if (current == nullptr) return line + text;
  std::size_t begin = 0;
  for (std::size_t i = 1; i < current->line; ++i) begin = text.find('\n', begin) + 1;
  const std::size_t end = text.find('\n', begin);
  return text.substr(0, begin) + line + (end == std::string::npos ? "" : text.substr(end + 1));
}

Result<std::optional<Settings>> context_of(const ConfigFile& file, const std::string& name) {
  const std::string& wanted = name.empty() ? file.current : name;
  if (wanted.empty()) return std::optional<Settings>();
  const auto found = file.contexts.find(wanted);
  if (found != file.contexts.end()) return std::optional<Settings>(found->second);
  return Error("no context " + wanted + "; " + known_contexts(file));
}

}  // namespace meshcheck::meshctl

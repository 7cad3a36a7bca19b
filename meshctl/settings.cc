#include "meshctl/settings.h"

#include <array>
#include <string_view>

#include "lib/base/file.h"
#include "lib/yaml/emit.h"
#include "lib/yaml/node.h"

namespace meshcheck::meshctl {
namespace {

struct Field {
  std::string_view key;  // In a context.
  const char* variable;
  std::string Settings::*member;
};
constexpr std::array<Field, 8> kFields = {{
    {"server", "MESHCTL_SERVER", &Settings::server},
    {"token-file", "MESHCTL_TOKEN_FILE", &Settings::token_file},
    {"ca-file", "MESHCTL_CA_FILE", &Settings::ca_file},
    {"certificate-file", "MESHCTL_CERTIFICATE_FILE", &Settings::certificate_file},
    {"key-file", "MESHCTL_KEY_FILE", &Settings::key_file},
    {"kube-context", "MESHCTL_KUBE_CONTEXT", &Settings::kube_context},
    {"namespace", "MESHCTL_NAMESPACE", &Settings::kube_namespace},
    {"service", "MESHCTL_SERVICE", &Settings::service},
}};

// Whether the two name ways to a server that do not go together. A cluster and a Service do.
bool differ(const Settings& first, const Settings& second) {
  if (!first.server.empty()) return second.names_place();
  if (!first.kube_context.empty()) return !second.server.empty() || !second.kube_context.empty();
  return first.names_service() && !second.server.empty();
}

Settings filled(Settings first, const Settings& second) {
  for (const Field& field : kFields) {
    if ((first.*field.member).empty()) first.*field.member = second.*field.member;
  }
  return first;
}

Result<Settings> parse_settings(const yaml::Node& node) {
  if (!node.is_map()) return node.error("a context is a map");
  Settings settings;
  for (const yaml::Entry& entry : node.entries) {
    bool known = false;
    for (const Field& field : kFields) {
      if (field.key != entry.key) continue;
      if (!entry.value.is_text()) return entry.error(entry.key + ": a text is expected");
      settings.*field.member = entry.value.text;
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

Settings settings_of_environment(const std::function<std::string(const char* name)>& variables) {
  Settings settings;
  for (const Field& field : kFields) settings.*field.member = variables(field.variable);
  return settings;
}

const char* variable_of(std::string Settings::*member) {
  for (const Field& field : kFields) {
    if (field.member == member) return field.variable;
  }
  return "";
}

Settings over_environment(const Settings& flags, const Settings& environment) {
  return differ(flags, environment) ? flags : filled(flags, environment);
}

Settings over_context(const Settings& first, const Settings& context) {
  const bool named = !first.server.empty() || !first.kube_context.empty();
  return named || differ(first, context) ? first : filled(first, context);
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

Result<std::string> read_config_text(const std::string& path) {
  constexpr std::size_t kSizeMax = std::size_t{1} << 20U;
  auto text = read_file(path, kSizeMax);
  if (!text) return text.error().within(path);
  return text;
}

Result<ConfigFile> read_config_file(const std::string& path) {
  const auto text = read_config_text(path);
  if (!text) return text.error();
  auto file = parse_config_file(*text);
  if (!file) return file.error().within(path);
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

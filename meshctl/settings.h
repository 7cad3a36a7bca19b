// The server's address and the user's credentials: from flags, the environment and a context.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "lib/base/result.h"

namespace meshcheck::meshctl {

// Empty: not given. Holds no secret, only the names of files with secrets.
struct Settings {
  std::string server;  // A URL, or host:port.
  std::string token_file;
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::string kube_context;
  std::string kube_namespace;
  std::string service;

  bool operator==(const Settings&) const = default;
  bool names_service() const {
    return !kube_context.empty() || !kube_namespace.empty() || !service.empty();
  }
  bool names_place() const { return !server.empty() || names_service(); }
};

// Of MESHCTL_SERVER and so on. `variables` returns the empty text for one that is not there.
Settings settings_of_environment(const std::function<std::string(const char* name)>& variables);

// The variable of a member: "MESHCTL_SERVER".
const char* variable_of(std::string Settings::*member);

// Each setting of `flags` that is given, else that of `environment`. `flags` alone if both name
// different ways to a server, since a token of the environment is for the other one.
Settings over_environment(const Settings& flags, const Settings& environment);
// The same over a context. `first` alone also if it names a server or a cluster, whatever the
// context is for.
Settings over_context(const Settings& first, const Settings& context);

struct ConfigFile {
  std::string current;
  std::map<std::string, Settings> contexts;
};

// Of its YAML; an empty text has no contexts. An error names the line; unknown keys are errors.
Result<ConfigFile> parse_config_file(const std::string& yaml);
// An error names the path. A file of more than 1 MiB is one.
Result<std::string> read_config_text(const std::string& path);
Result<ConfigFile> read_config_file(const std::string& path);
// The same text with another `current`; comments stay.
std::string with_current(const std::string& yaml, const std::string& name);
// The context of that name, or the current one; nothing if neither is named. An error lists the
// existing ones.
Result<std::optional<Settings>> context_of(const ConfigFile& file, const std::string& name);

}  // namespace meshcheck::meshctl

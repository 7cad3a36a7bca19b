#include <array>
#include <optional>
#include <string_view>

#include "lib/base/token.h"
#include "lib/kube/base64.h"
#include "lib/kube/config.h"
#include "lib/yaml/node.h"

namespace meshcheck::kube {
namespace {

// A map of the file and how to say where it is, as in "users[admin].user".
struct Section {
  const yaml::Node& node;
  std::string where;

  Error at(std::string_view key, const std::string& what) const {
    return Error(what).within(where.empty() ? std::string(key) : where + "." + std::string(key));
  }
  // "" if the key is absent; a list or a map is an error.
  Result<std::string> text(const std::string& key) const {
    const yaml::Node* const value = node.find(key);
    if (value == nullptr || value->is_null()) return std::string();
    if (!value->is_text()) return at(key, "a text is expected");
    return value->text;
  }
};

// The entry called `name` of one of the three lists: `users[admin].user`.
Result<Section> find_entry(const yaml::Node& root, const std::string& list, const std::string& kind,
                           const std::string& name) {
  const yaml::Node* const entries = root.find(list);
  if (entries == nullptr || !entries->is_list()) return Error("a list is expected").within(list);
  for (const yaml::Node& entry : entries->items) {
    const yaml::Node* const its_name = entry.find("name");
    if (its_name == nullptr || !its_name->is_text() || its_name->text != name) continue;
    const std::string where = std::string(list).append("[").append(name).append("].").append(kind);
    const yaml::Node* const found = entry.find(kind);
    if (found == nullptr || !found->is_map()) return Error("a map is expected").within(where);
    return Section{*found, where};
  }
  return Error("there is no `" + name + "`").within(list);
}

std::string resolve(const std::string& path, const std::string& directory) {
  return path.empty() || path.front() == '/' ? path : directory + "/" + path;
}

// `key` is a path, `key`-data the same in base64; the data win, as with kubectl.
Result<void> read_pair(const Section& section, const std::string& key, const std::string& directory,
                       std::string& file, std::string& data) {
  auto encoded = section.text(key + "-data");
  if (!encoded) return encoded.error();
  if (!encoded->empty()) {
    auto decoded = decode_base64(*encoded);
    if (!decoded) return section.at(key + "-data", "is not base64");
    data = *std::move(decoded);
    return {};
  }
  auto path = section.text(key);
  if (!path) return path.error();
  file = resolve(*path, directory);
  if (file.empty()) return {};
  if (auto content = read_bounded(file, kConfigFileSizeMax); !content) {
    return section.at(key, content.error().message());
  }
  return {};
}

Result<void> refuse(const Section& section, const std::string& key, const std::string& what) {
  const yaml::Node* const value = section.node.find(key);
  if (value == nullptr || value->is_null()) return {};
  return section.at(key, what + " not supported");
}

bool is_loopback(std::string_view server) {
  constexpr std::array<std::string_view, 3> kHosts{"http://127.0.0.1", "http://[::1]",
                                                   "http://localhost"};
  for (const std::string_view host : kHosts) {
    if (!server.starts_with(host)) continue;
    const std::string_view rest = server.substr(host.size());
    if (rest.empty() || rest.front() == ':' || rest.front() == '/') return true;
  }
  return false;
}

Result<void> read_cluster(const Section& cluster, const std::string& directory,
                          const ConfigOptions& options, Config& config) {
  auto server = cluster.text("server");
  if (!server) return server.error();
  config.server = *std::move(server);
  while (config.server.ends_with('/')) config.server.pop_back();
  if (!config.server.starts_with("https://") && !is_loopback(config.server)) {
    return cluster.at("server", "a URL with https is expected; http is for 127.0.0.1 only");
  }
  for (const char c : config.server) {
    if (c <= ' ' || c > '~') return cluster.at("server", "is not a URL");
  }
  for (const auto* key : {"proxy-url", "tls-server-name"}) {
    if (auto refused = refuse(cluster, key, "is"); !refused) return refused;
  }
  auto insecure = cluster.text("insecure-skip-tls-verify");
  if (!insecure) return insecure.error();
  if (*insecure == "true") {
    if (!options.insecure_allowed) {
      return cluster.at("insecure-skip-tls-verify",
                        "refused: whoever answers could take our token; name the certificate "
                        "authority instead");
    }
    config.verify = false;
  }
  return read_pair(cluster, "certificate-authority", directory, config.ca_file, config.ca_data);
}

Result<void> refuse_foreign_identities(const Section& user) {
  struct Refusal {
    const char* key;
    const char* what;
  };
  constexpr std::array<Refusal, 6> kRefused{{
      {"exec", "credential plugins are"},
      {"auth-provider", "credential plugins are"},
      {"username", "basic authentication is"},
      {"password", "basic authentication is"},
      {"as", "impersonation is"},
      {"as-groups", "impersonation is"},
  }};
  for (const Refusal& refusal : kRefused) {
    if (auto refused = refuse(user, refusal.key, refusal.what); !refused) return refused;
  }
  return {};
}

Result<void> read_user(const Section& user, const std::string& directory, Config& config) {
  if (auto refused = refuse_foreign_identities(user); !refused) return refused;
  auto done = read_pair(user, "client-certificate", directory, config.client_certificate_file,
                        config.client_certificate_data);
  if (!done) return done;
  done = read_pair(user, "client-key", directory, config.client_key_file, config.client_key_data);
  if (!done) return done;
  const bool certificate =
      !config.client_certificate_file.empty() || !config.client_certificate_data.empty();
  const bool key = !config.client_key_file.empty() || !config.client_key_data.empty();
  if (certificate != key) {
    return user.at(certificate ? "client-key" : "client-certificate",
                   "certificate and key come together");
  }
  auto token = user.text("token");
  if (!token) return token.error();
  auto token_file = user.text("tokenFile");
  if (!token_file) return token_file.error();
  // The file wins, as with kubectl: it is what may change.
  if (!token_file->empty()) {
    config.token_file = resolve(*token_file, directory);
    if (auto read = read_token(config.token_file, kTokenSizeMax); !read) {
      return user.at("tokenFile", read.error().message());
    }
  } else if (!token->empty()) {
    if (auto checked = check_token(*token); !checked) {
      return user.at("token", checked.error().message());
    }
    config.token = *std::move(token);
  }
  return {};
}

Result<Config> parse_root(const yaml::Node& root, const std::string& directory,
                          const ConfigOptions& options) {
  if (!root.is_map()) return Error("a map is expected");
  std::string name = options.context;
  if (name.empty()) {
    auto current = Section{root, ""}.text("current-context");
    if (!current) return current.error();
    if (current->empty()) return Error("is missing").within("current-context");
    name = *std::move(current);
  }
  auto context = find_entry(root, "contexts", "context", name);
  if (!context) return context.error();
  const auto cluster_name = context->text("cluster");
  if (!cluster_name) return cluster_name.error();
  const auto user_name = context->text("user");
  if (!user_name) return user_name.error();
  const auto default_namespace = context->text("namespace");
  if (!default_namespace) return default_namespace.error();
  Config config;
  if (!default_namespace->empty()) config.default_namespace = *default_namespace;
  const auto cluster = find_entry(root, "clusters", "cluster", *cluster_name);
  if (!cluster) return cluster.error();
  if (auto done = read_cluster(*cluster, directory, options, config); !done) return done.error();
  if (user_name->empty()) return config;
  const auto user = find_entry(root, "users", "user", *user_name);
  if (!user) return user.error();
  if (auto done = read_user(*user, directory, config); !done) return done.error();
  return config;
}

}  // namespace

Result<Config> parse_kubeconfig(const std::string& yaml, const std::string& directory,
                                const ConfigOptions& options) {
  const auto root = yaml::parse(yaml);
  if (!root) return root.error();
  return parse_root(*root, directory, options);
}

}  // namespace meshcheck::kube

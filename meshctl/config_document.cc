#include "meshctl/config_document.h"

#include "meshctl/text.h"

namespace meshcheck::meshctl {

Document config_document(const ConfigFile& file) {
  Document document;
  document.tree = Json{{"current", file.current}, {"contexts", Json::object()}};
  document.table.columns = {{.name = "current"},
                            {.name = "context"},
                            {.name = "server"},
                            {.name = "kube-context"},
                            {.name = "namespace"},
                            {.name = "service"},
                            {.name = "token-file", .wide = true},
                            {.name = "ca-file", .wide = true}};
  for (const auto& [name, context] : file.contexts) {
    document.names.push_back("context/" + name);
    Json one = Json::object();
    const auto add = [&one](const char* key, const std::string& value) {
      if (!value.empty()) one[key] = value;
    };
    add("server", context.server);
    add("token-file", context.token_file);
    add("ca-file", context.ca_file);
    add("certificate-file", context.certificate_file);
    add("key-file", context.key_file);
    add("kube-context", context.kube_context);
    add("namespace", context.kube_namespace);
    add("service", context.service);
    document.tree["contexts"][name] = std::move(one);
    document.table.rows.push_back({name == file.current ? "*" : "", name, context.server,
                                   context.kube_context, context.kube_namespace, context.service,
                                   context.token_file, context.ca_file});
  }
  return document;
}

}  // namespace meshcheck::meshctl

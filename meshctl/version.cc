#include "meshctl/version.h"

#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

std::string_view without_patch(std::string_view version) {
  return version.substr(0, version.rfind('.'));
}

}  // namespace

Document version_document(std::string_view client, std::string_view server) {
  Document document;
  document.tree = Json{{"client", client}};
  document.table.columns = {{.name = "program"}, {.name = "version"}};
  document.table.rows.push_back({"meshctl", std::string(client)});
  document.names.push_back("client/" + std::string(client));
  if (server.empty()) return document;
  document.tree["server"] = server;
  document.table.rows.push_back({"meshcheck-server", std::string(server)});
  document.names.push_back("server/" + std::string(server));
  return document;
}

std::string skew_warning(std::string_view client, std::string_view server) {
  if (server.empty() || without_patch(client) == without_patch(server)) return "";
  return "meshctl: warning: this is version " + std::string(client) + ", the server is " +
         printable(server) + "; what one of them has, the other may not know";
}

}  // namespace meshcheck::meshctl

#include "lib/kube/resource.h"

#include <utility>

#include "lib/http/url.h"

namespace meshcheck::kube {

std::string Resource::path() const {
  std::string path = group.empty() ? "/api/" : "/apis/" + http::escape_path_segment(group) + "/";
  path += http::escape_path_segment(version);
  if (!name_space.empty()) path += "/namespaces/" + http::escape_path_segment(name_space);
  return path + "/" + http::escape_path_segment(plural);
}

std::string Resource::path(const std::string& name) const {
  return path() + "/" + http::escape_path_segment(name);
}

Operation Resource::operation(std::string verb) const {
  return {std::move(verb), group, plural, name_space};
}

}  // namespace meshcheck::kube

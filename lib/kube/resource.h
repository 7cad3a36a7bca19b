// Which objects of the Kubernetes API are meant.
#pragma once

#include <string>

#include "lib/kube/failure.h"

namespace meshcheck::kube {

// All objects of a kind, in one namespace or in none. A value.
struct Resource {
  std::string group;  // Empty for the core.
  std::string version = "v1";
  std::string plural;      // "configmaps"
  std::string name_space;  // Empty: the kind has none, or those of all namespaces are meant.

  // "/apis/apps/v1/namespaces/net/statefulsets", and "/NAME" behind it.
  std::string path() const;
  std::string path(const std::string& name) const;
  Operation operation(std::string verb) const;
};

}  // namespace meshcheck::kube

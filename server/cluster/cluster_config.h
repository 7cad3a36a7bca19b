// The flags of -kubeproxyinit: which pods are agents.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/flags/flags.h"
#include "lib/kube/config.h"

namespace meshcheck::server {

struct ClusterConfig {
  bool enabled = false;
  // The pods of netchecker's manifests, and those of our chart under any release name.
  std::string selector =
      "app in (netchecker-agent,netchecker-agent-hostnet);"
      "app.kubernetes.io/part-of=meshcheck,app.kubernetes.io/component in (agent,agent-hostnet)";
  std::vector<std::string> selectors;  // The same, once check() has taken it apart.
  std::string name_space;              // Empty: the configuration's; "*": all.

  // Where the agents' pods are; nothing: anywhere.
  std::optional<std::string> namespace_for(const kube::Config& api) const;

  void add_to(flags::Flags& flags);
  // After the flags were parsed. The error begins with the flag.
  Result<void> check();
};

}  // namespace meshcheck::server

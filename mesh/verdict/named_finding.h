// A finding with names in place of a view's numbers, so that it outlives the view.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "mesh/verdict/finding.h"

namespace meshcheck::verdict {

// One end of a fault: a node, an agent, a zone, a gateway or a target.
struct NamedEnd {
  std::string name;
  std::string node;                  // Of an agent; a node's own name.
  std::string zone;                  // Where it lies; a zone's own name.
  std::optional<IpAddress> address;  // Of its agent in the finding's layer, for commands.
  friend bool operator==(const NamedEnd&, const NamedEnd&) = default;
};

// Where the fault can be reproduced: a path that shows it, from the node of the agent that reported
// it.
struct Trial {
  std::string node;
  IpAddress address;
  friend bool operator==(const Trial&, const Trial&) = default;
};

struct NamedFinding {
  Finding finding;                    // Its indices are no longer valid.
  std::array<NamedEnd, 2> ends;       // Of kDuplicateAgent the second has only an address.
  std::optional<NamedEnd> witness;    // An agent that sees the fault, or the agent at fault.
  std::optional<Trial> trial;         // For commands; nothing if no address is known.
  std::vector<std::string> evidence;  // "agent-a -> agent-b"
  std::string reason;                 // The sentence of kKubernetesApi, which has no other fields.
};

NamedFinding name(const View& view, const Finding& finding);

}  // namespace meshcheck::verdict

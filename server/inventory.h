// Who is expected to report: the static inventory, a YAML file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::server {

struct Inventory {
  struct Entry {
    std::string name;
    std::string node;  // Shown while the agent is absent; may be empty.
    std::string zone;  // Its node's; each agent gets a peer in its own and one elsewhere.
  };
  std::vector<Entry> agents;  // Names are unique.
};

inline constexpr std::size_t kInventorySizeMax = 8 * 1024 * 1024;  // Bytes of the file.

// `agents:` is a list of names or of maps with `name` and, if wanted, `node` and `zone`:
//   agents:
//     - netchecker-agent-7xk2p
//     - {name: netchecker-agent-hostnet-m5dzl, node: worker-3, zone: east}
// Unknown keys, wrong types, bad and repeated names are errors that say where.
Result<Inventory> parse_inventory(const std::string& yaml);
Result<Inventory> read_inventory(const std::string& path);

}  // namespace meshcheck::server

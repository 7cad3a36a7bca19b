// Who is expected to report: of a YAML file, or of a Kubernetes cluster.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "lib/base/time.h"

namespace meshcheck::server {

struct Inventory {
  struct Entry {
    std::string name;
    std::string node;  // Shown while the agent is absent; may be empty.
    std::string zone;  // Its node's; each agent gets a peer in its own and one elsewhere.
    // Of a cluster only, as all that follows.
    std::string uid;                   // The pod's: another pod of the same name is another agent.
    std::vector<IpAddress> addresses;  // The pod's; none while nobody has given it one.
    std::string not_running;  // "Pending, on no node yet"; empty while it runs and is ready.
    bool excused = false;     // Its node is cordoned or goes: it is not missed if it is silent.
    std::optional<Clock::time_point> due;  // Before then it is not absent.
  };
  std::vector<Entry> agents;         // Names are unique.
  std::vector<std::string> leaving;  // Their reports are of no use any more, and no mistake either.
  // Who is not named may only not be known yet, and is held for so long without being expected.
  // Nothing: it is refused.
  std::optional<std::chrono::seconds> newcomer_patience;
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

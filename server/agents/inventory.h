// The agents that are expected to report, from a YAML file or a Kubernetes cluster.
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
    // Only from a cluster, as all fields below.
    std::string uid;                   // The pod's: another pod of the same name is another agent.
    std::vector<IpAddress> addresses;  // The pod's; none until it has one.
    std::string not_running;  // "Pending, on no node yet"; empty while it runs and is ready.
    bool excused = false;     // Its node is cordoned or going: its silence is no fault.
    std::optional<Clock::time_point> due;  // Before then it is not absent.
  };
  std::vector<Entry> agents;         // Names are unique.
  std::vector<std::string> leaving;  // Their reports are not kept, and are no error.
  // How long an agent that is not named, which may be too new, is held without being expected.
  // Nothing: its reports are refused.
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

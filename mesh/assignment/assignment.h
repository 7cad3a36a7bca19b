// The server's instructions in the answer to a report: which peers the agent probes, and how.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "mesh/assignment/ping_order.h"
#include "mesh/assignment/targets.h"

namespace meshcheck::mesh {

inline constexpr std::size_t kAssignmentSizeMax = 256 * 1024;  // Bytes of its JSON.
inline constexpr std::size_t kPeersMax = 2048;
inline constexpr std::uint32_t kRanksMax = 8;
inline constexpr std::size_t kPeerAddressesMax = 2;  // One of each family.

struct Peer {
  // kPeer: the same network on another node. kTwin: the other network of this node.
  enum class Relation : std::uint8_t { kPeer, kTwin };

  std::string name;  // The agent's.
  std::string node;
  Relation relation = Relation::kPeer;
  std::vector<IpAddress> addresses;
  // Of the links of `addresses`, in their order; 0: unknown. Empty: all are unknown.
  std::vector<std::uint32_t> link_mtus;
  std::uint16_t port = 0;  // UDP, of its reflector.

  friend bool operator==(const Peer&, const Peer&) = default;
};

struct ProbeSettings {
  std::chrono::milliseconds interval{1000};  // Between two probes of a path; 100 to 60,000.
  std::chrono::milliseconds timeout{1000};   // 10 to 60,000.

  friend bool operator==(const ProbeSettings&, const ProbeSettings&) = default;
};

// A value. doc/reference/wire_format.md has the JSON with every key, unit and bound.
struct Assignment {
  // Changes whenever anything else here does. An agent's report names the one it has, and the
  // answer is empty if that is the latest.
  std::string revision;
  std::uint64_t epoch = 0;
  std::chrono::seconds report_interval{0};  // 0: as in the agent's flags.
  ProbeSettings probe;
  std::string key;  // Bytes of the mesh's secret; empty for unauthenticated mode.
  std::vector<Peer> peers;
  Targets targets;
  // The agent's place among those of its layer, for work that only the first few do; nothing:
  // beyond kRanksMax.
  std::optional<std::uint32_t> rank;
  // To be made now, once for each identifier. They do not change the revision.
  std::vector<PingOrder> pings;

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

std::string encode(const Assignment& assignment);
// Unknown keys are left out; missing ones keep their defaults; a value out of bounds is an error
// that names the key.
Result<Assignment> parse_assignment(std::string_view json);

}  // namespace meshcheck::mesh

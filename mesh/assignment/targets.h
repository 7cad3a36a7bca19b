// The targets that are probed in addition to the mesh: the four lists of Pinger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::mesh {

inline constexpr std::size_t kTargetsMax = 64;      // In each list.
inline constexpr std::size_t kTargetSizeMax = 259;  // A name of 253, and a port.

// Each entry as the user wrote it, without the blanks around it; no entry twice in a list.
struct Targets {
  std::vector<std::string> ping;      // "10.0.0.1", "fd00::1", "gateway.example"
  std::vector<std::string> tcp_ping;  // "10.0.0.1:80", "[fd00::1]:80", "web.example:80"
  std::vector<std::string> udp_ping;  // As `tcp_ping`.
  std::vector<std::string> dns;       // Names to look up: "kubernetes.default"

  // Adds those of another source, as far as they fit into kTargetsMax.
  void add(const Targets& other);
  bool empty() const { return ping.empty() && tcp_ping.empty() && udp_ping.empty() && dns.empty(); }
  friend bool operator==(const Targets&, const Targets&) = default;
};

enum class TargetKind : std::uint8_t { kPing, kTcpPing, kUdpPing, kDns };

// A comma-separated list; an empty one has no targets. An error names the wrong entry and shows the
// format.
Result<std::vector<std::string>> parse_target_list(TargetKind kind, std::string_view list);
// The four lists as a user writes them.
struct TargetTexts {
  std::string ping;
  std::string tcp_ping;
  std::string udp_ping;
  std::string dns;
};
// An error begins with the flag that has the list, such as "-tcpPing".
Result<Targets> parse_targets(const TargetTexts& texts);
Result<void> check_target(TargetKind kind, std::string_view target);

// The parts of a target that check_target() accepted.
struct HostPort {
  std::string host;  // Without brackets.
  std::uint16_t port = 0;
};
HostPort split_host_port(std::string_view target);

}  // namespace meshcheck::mesh

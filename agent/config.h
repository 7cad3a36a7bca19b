// An agent's configuration, from its flags and its environment.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/server_access.h"
#include "lib/base/ip_address.h"
#include "lib/base/log.h"
#include "lib/flags/flags.h"
#include "mesh/assignment/targets.h"
#include "mesh/report/probing_report.h"
#include "mesh/sla/check_spec.h"

namespace meshcheck::agent {

inline constexpr std::size_t kProbeUrlsMax = 64;           // The server's ping included.
inline constexpr std::size_t kProbeUrlSizeMax = 2048;      // Bytes; the server refuses longer ones.
inline constexpr std::size_t kProbeUrlsSizeMax = 8 << 10;  // Of all, as JSON.

inline constexpr std::size_t kPaddingElementsMax = 500'000;  // Of two bytes each.

using mesh::Layer;

inline constexpr std::uint16_t kProbePort = 8862;  // As STAMP's 862, which needs privileges.
inline constexpr std::chrono::milliseconds kProbeTimeoutMax{10'000};

// Without checks the agent takes no part in the SLA.
struct SlaConfig {
  std::vector<sla::CheckSpec> checks;  // Of both layers.
  std::string spool_file;              // Empty: in memory.
  std::size_t spool_max = std::size_t{64} << 20U;
  std::chrono::milliseconds export_interval{30'000};
  // For the checks of Kubernetes. Empty: the API that the pod's environment names; the checks' own
  // image.
  std::string kubeconfig;
  std::string check_image;
};

// Immutable after start, but for the interval, which the server may set.
struct Config {
  Layer layer = Layer::kPod;  // Each program is one of them.
  ServerOptions server;
  std::string pod_name;
  std::string pod_uid;    // Owns the objects that its checks make in Kubernetes; may be empty.
  std::string node_name;  // May be empty.
  std::chrono::seconds interval{60};
  std::size_t zero_extender_length = 1500;
  bool padding_sweep = false;
  std::vector<std::string> probe_urls;  // With their schemes; the server's ping is the last.
  std::string probe_ca_file;            // Empty: the system's authorities.
  // The reflector's port. 0: the agent neither probes nor answers probes.
  std::uint16_t probe_port = kProbePort;
  bool probe_port_open = false;  // Answers to probes without a key.
  // Addresses where peers reach the agent: the user's, or the pod's. Both empty: the routes decide.
  std::vector<IpAddress> addresses;
  std::vector<IpAddress> pod_addresses;
  mesh::Targets targets;
  SlaConfig sla;
  bool once = false;
  bool dump = false;
  std::optional<std::chrono::seconds>
      check_patience;  // Set: the agent only asks the server, and sends no report.
  Log log;

  std::string report_url() const;
  const std::string& ping_url() const { return probe_urls.back(); }
  // Whether reports are padded.
  bool pads() const { return zero_extender_length > 0 || padding_sweep; }
  // For everything between asking and the answer's last byte.
  std::chrono::milliseconds report_timeout() const {
    return std::max<std::chrono::milliseconds>(interval - std::chrono::seconds(1),
                                               std::chrono::seconds(1));
  }
  std::chrono::milliseconds probe_timeout() const {
    return std::min(report_timeout() / 2, kProbeTimeoutMax);
  }
};

struct Program {
  std::string name;
  Layer layer = Layer::kPod;
};

// The process's arguments without its own name, and its environment. The variables are MY_POD_NAME,
// MY_POD_UID, MY_NODE_NAME and MY_POD_IPS.
struct Invocation {
  std::vector<std::string> arguments;
  std::string pod_name;
  std::string node_name;
  std::string pod_addresses;
  std::string pod_uid;
};

using Exit = flags::Flags::Exit;

// The configuration, or why the program has to end: bad usage with code 2 and a bad environment
// with code 1, both to stderr; help and version with code 0.
std::variant<Config, Exit> configure(const Program& program, const Invocation& invocation);

}  // namespace meshcheck::agent

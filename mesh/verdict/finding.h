// A diagnosis' finding: one fault, its place, and its evidence.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "mesh/verdict/view.h"

namespace meshcheck::verdict {

enum class Kind : std::uint8_t {
  kNodeDown,      // Unreachable in both layers, its agents are silent, and no ping is answered.
  kAgentDown,     // Silent and unreachable, while its node lives; of a node: both of its agents.
  kPodNetwork,    // Of a node: pods cut off, host fine.
  kHostLink,      // Of a node: cut off, and its agents still report.
  kTwinPath,      // Between a node's own pod and host network.
  kGateway,       // Of one node, or of all.
  kMtuBlackHole,  // Large packets vanish without an ICMP message.
  kFragmentsDropped,  // Packets that had to be fragmented vanish.
  kOverlayMtu,        // The pod network's links promise more than the host network carries.
  kReachability,      // Between two nodes, or one way into or out of a node.
  kPartialLoss,
  kLatency,  // Slower than the same paths used to be.
  kZonePartition,
  kZoneDegradation,  // Loss or latency of a zone or between two.
  kDns,
  kTarget,             // A configured target other than DNS.
  kServerUnreachable,  // Agents are silent, and their peers still reach them.
  kAgentStarved,
  kClockJump,
  kClockSkew,        // The agent's wall clock and the server's differ; of the server: most do.
  kDuplicateAgent,   // Two agents report under one name.
  kAddressConflict,  // Several agents report the same address.
  kKubernetesApi,    // No finding of the mesh: the server's ClusterStatus adds it.
};
std::string_view text(Kind kind);  // "node_down", ...

// A fault's subject. For kNodePair and kZonePair `second` is the other one; Way has the direction.
struct Subject {
  enum class Type : std::uint8_t {
    kAll,
    kZone,
    kZonePair,
    kNode,
    kNodePair,
    kAgent,
    kGateway,
    kTarget,
    kServer,
  };
  Type type = Type::kAll;
  Index first = kNoIndex;
  Index second = kNoIndex;
  friend bool operator==(const Subject&, const Subject&) = default;
};
std::string_view text(Subject::Type type);  // "all", "zone", "zone_pair", ...

enum class Scope : std::uint8_t { kPod, kHost, kBoth };  // Of layers.
std::string_view text(Scope scope);                      // "pod", "host", "both"

// Out of the subject or into it; of a pair, from the first to the second or back. kUnknown: not
// known.
enum class Way : std::uint8_t { kBoth, kOut, kIn, kUnknown };
std::string_view text(Way way);  // "both", "out", "in", "unknown"

enum class Severity : std::uint8_t { kInfo, kWarning, kCritical };
std::string_view text(Severity severity);  // "info", "warning", "critical"

// Of failing paths: how many other ends answer another question, and how many do not.
struct CrossChecks {
  std::uint32_t answered = 0;
  std::uint32_t unanswered = 0;
  // Between agents: the port of all of their probes; 0: they differ, or one is not known.
  std::optional<std::uint16_t> port;

  void add(const View& view, Index path);
};

struct Finding {
  static constexpr std::size_t kEvidenceMax = 8;

  Kind kind = Kind::kNodeDown;
  Subject subject;
  Scope scope = Scope::kBoth;
  Way way = Way::kBoth;
  PathFamily family = PathFamily::kNone;  // kNoIndex: of either, or of both.
  Severity severity = Severity::kWarning;
  Excuse excuse = Excuse::kNone;
  bool partial = false;  // Only some of the subject's paths, and no smaller subject explains them.
  bool silent = false;   // Of a reachability fault: no report came from there since.
  bool past = false;     // Of losses: hardly any of them are recent.
  bool node_unseen = false;  // Of kAgentDown: nothing tells whether the node lives.
  bool twin_down = false;    // Of kPodNetwork: the node itself does not reach its pods either.
  // How many of the observable paths that the fault would touch fail.
  std::uint32_t failing = 0;
  std::uint32_t observed = 0;
  CrossChecks cross_checks;
  Clock::time_point since;
  // Of size faults: the largest that passes (0: not even the smallest), and the link's MTU.
  std::uint16_t size = 0;
  std::uint16_t link_mtu = 0;
  float loss = 0;  // Share of packets on that way; of round trips if the way is not known.
  std::uint32_t round_trip_us = 0;
  std::uint32_t usual_round_trip_us = 0;
  std::chrono::milliseconds clock_jump{0};
  std::chrono::milliseconds clock_skew{0};
  std::array<Index, kEvidenceMax> evidence{};  // Of View::paths.
  std::uint8_t evidence_count = 0;

  void add_evidence(Index path) {
    if (evidence_count < kEvidenceMax) evidence[evidence_count++] = path;
  }
};

// The result of pings between agents where probes fail. kUnknown: too few were sent, as where
// agents may not send pings, or are too old to. kLost: hardly any was answered. kSome: neither.
enum class Pings : std::uint8_t { kUnknown, kPass, kSome, kLost };
// `failing`: how many paths fail.
Pings pings_of(const CrossChecks& cross, std::uint32_t failing);
Pings pings_of(const Finding& finding);
// Whether the network works, and the port of the probes is closed.
bool is_port_closed(const Finding& finding);

}  // namespace meshcheck::verdict

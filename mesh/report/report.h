// An agent's report to the server: netchecker's keys, and our key `mesh`.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "mesh/report/http_probe.h"
#include "mesh/report/probing_report.h"

namespace meshcheck::mesh {

// The bounds of the lists; items beyond are left out, and the list's `_total` still counts them.
// Each list has a bound in bytes too, so that on any node a report without its padding is smaller
// than kReportSizeMax, and without its paths than kRecordSizeMax. doc/reference/wire_format.md
// describes every key.
inline constexpr std::size_t kReportLinksMax = 64;
inline constexpr std::size_t kReportLinkAddressesMax = 16;
inline constexpr std::size_t kReportGatewaysMax = 16;
inline constexpr std::size_t kReportRoutesMax = 256;
inline constexpr std::size_t kReportInterfacesMax = 512;  // In netchecker's `ips`.
inline constexpr std::size_t kReportLookupAddressesMax = 64;
inline constexpr std::size_t kReportCachedMtusMax = 64;
inline constexpr std::size_t kReportErrorSizeMax = 256;

struct ReportLinkCounters {
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_packets = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t rx_errors = 0;
  std::uint64_t tx_errors = 0;
  std::uint64_t rx_dropped = 0;
  std::uint64_t tx_dropped = 0;
  std::uint64_t carrier_changes = 0;
};

struct ReportLink {
  std::string name;
  std::uint32_t index = 0;
  std::string kind;  // "veth", "vxlan", ...; empty for a physical link.
  // The link that a tunnel or VLAN sends over, if it is in this network namespace.
  std::string underlay;
  std::uint32_t mtu = 0;
  std::string state;  // As in RFC 2863: "up", "down", "lowerlayerdown", ...
  bool carrier = false;
  std::vector<std::string> addresses;          // With their prefix lengths.
  std::optional<ReportLinkCounters> counters;  // Of the host's network only.
  // The kernel or the card joins and cuts packets, so a capture here differs from the wire.
  // Nothing: the kernel does not tell.
  std::optional<bool> tso;
  std::optional<bool> gso;
  std::optional<bool> gro;
};

struct ReportGateway {
  std::string address;
  std::string link;
  std::string family;     // "ipv4" or "ipv6"
  std::string neighbour;  // "reachable", "stale", ...; "none" without an entry.
  // Since it last answered ARP or NDP, or a connection by it went on. Not part of the report.
  std::optional<std::chrono::milliseconds> confirmed_age = {};
};

struct ReportRoute {
  std::string destination;  // With its prefix length.
  std::string type;         // "unicast", "blackhole", ...
  std::string gateway;      // Empty if the destination is on the link.
  std::string link;
  std::uint32_t metric = 0;
  std::uint32_t mtu = 0;  // Set for this route; 0: as the link's.
};

// The MTU that the kernel keeps for a destination, from an ICMP message or an administrator.
struct ReportCachedMtu {
  std::string destination;
  std::uint32_t mtu = 0;
  std::optional<std::chrono::milliseconds> expires_in;  // Nothing: never.
};

// TCP's figures of the connection of the last accepted report.
struct ReportTcp {
  std::uint32_t mss = 0;   // Bytes that a segment may carry towards the server.
  std::uint32_t pmtu = 0;  // The path's MTU as the kernel knows it, in bytes of an IP packet.
  std::uint32_t retransmits = 0;
  std::chrono::microseconds round_trip{0};
};

// Settings of net.ipv4; nothing where the kernel does not tell.
struct ReportMtuSettings {
  std::optional<std::uint32_t> ip_no_pmtu_disc;
  std::optional<std::uint32_t> tcp_mtu_probing;
};

struct ReportConntrack {
  std::uint64_t entries = 0;
  std::uint64_t max = 0;
};

// How this agent's own reports fared since it started.
struct ReportHistory {
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;
  std::uint64_t retried = 0;
  std::string last_error;  // Of the last failure, also after a recovery.
};

struct MeshSection {
  ProbingReport probing;
  std::string boot_id;  // Empty if the kernel does not tell.
  std::vector<ReportLink> links;
  std::vector<ReportGateway> gateways;
  std::optional<std::vector<ReportRoute>> routes;  // Host only, as is conntrack.
  std::size_t routes_left_out = 0;                 // When `routes` was made; counted in the total.
  std::optional<ReportConntrack> conntrack;
  std::vector<ReportCachedMtu> cached_mtus;  // Of this network; the smallest first.
  ReportMtuSettings mtu_settings;
  std::optional<ReportTcp> tcp;
  std::chrono::microseconds loop_lag_max{0};
  std::chrono::microseconds loop_lag_mean{0};
  ReportHistory history;
};

struct Report {
  std::chrono::seconds interval{60};
  std::string nodename;
  std::string podname;
  WallTime hostdate{};
  std::chrono::seconds uptime{0};
  std::string lookup_name;
  std::optional<std::vector<std::string>> lookup_addresses;  // Nothing: the look-up failed.
  std::map<std::string, std::vector<std::string>> ips;       // By name of the interface.
  std::vector<HttpProbe> probes;
  MeshSection mesh;
  std::size_t zero_extender_length = 0;  // In elements, of two bytes each.
};

// The report's body, in the key order of netchecker's agent, with `mesh` before the padding.
std::string encode(const Report& report);

}  // namespace meshcheck::mesh

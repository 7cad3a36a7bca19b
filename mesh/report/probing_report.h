// The part of a report that the server works with, beyond netchecker's keys: `mesh`, typed.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/ip_address.h"
#include "mesh/path/path.h"
#include "mesh/pmtu/path_mtu.h"
#include "mesh/report/ping_result.h"

namespace meshcheck::mesh {

inline constexpr std::size_t kReportPathsMax = 2048;
inline constexpr std::size_t kReportHeardMax = 4096;
inline constexpr std::size_t kReportPathErrorSizeMax = 120;

// The network that an agent sees: its pod's or its host's.
enum class Layer : std::uint8_t { kPod, kHost };
inline constexpr std::array kLayers = {Layer::kPod, Layer::kHost};
std::string_view text(Layer layer);  // "pod", "host"

// The other end of a path: an agent of the same layer on another node, the other agent of this
// node, a default gateway, or a configured target.
enum class Relation : std::uint8_t { kPeer, kTwin, kGateway, kTarget };
enum class ProbeKind : std::uint8_t { kStamp, kIcmp, kTcp, kUdp, kDns };
// kNone: of a look-up, which may use either.
enum class PathFamily : std::uint8_t { kNone, kIpv4, kIpv6 };
// The result of another question to the same address, while a path is down: a ping to an agent, the
// kernel's own ARP or NDP to a gateway. kNone: not asked, or not known yet.
enum class CrossCheck : std::uint8_t { kNone, kAnswered, kUnanswered };
std::string_view text(CrossCheck check);   // "", "answered", "unanswered"
std::string_view text(Relation relation);  // "peer", "twin", "gateway", "target"
std::string_view text(ProbeKind kind);     // "stamp", "icmp", "tcp", "udp", "dns"
std::string_view text(PathFamily family);  // "", "ipv4", "ipv6"
PathFamily path_family(const IpAddress& address);

// `mesh.paths` is a table: these columns, and one row a path. "answer_ms", quantiles and jitters
// may be null. A reader finds columns by their names and leaves out those that it does not know.
inline constexpr std::array<std::string_view, 22> kPathColumns = {"to",
                                                                  "relation",
                                                                  "probe",
                                                                  "family",
                                                                  "state",
                                                                  "state_ms",
                                                                  "answer_ms",
                                                                  "sent",
                                                                  "lost",
                                                                  "lost_forward",
                                                                  "lost_backward",
                                                                  "late",
                                                                  "duplicated",
                                                                  "reordered",
                                                                  "p50_us",
                                                                  "p90_us",
                                                                  "p99_us",
                                                                  "max_us",
                                                                  "jitter_forward_us",
                                                                  "jitter_backward_us",
                                                                  "error",
                                                                  "cross_check"};

struct ReportPath {
  std::string to;  // The agent's name, the gateway's address, or the target as configured.
  Relation relation = Relation::kPeer;
  ProbeKind kind = ProbeKind::kStamp;
  PathFamily family = PathFamily::kNone;
  PathSummary summary;
  CrossCheck cross_check = CrossCheck::kNone;
};

// `mesh.mtu` is a table too, with a row for each STAMP path. "..._size" and "..._confirmed_ms" may
// be null; of "too_big_..." either all are null or none.
inline constexpr std::array<std::string_view, 19> kPmtuColumns = {"to",
                                                                  "relation",
                                                                  "family",
                                                                  "forward_class",
                                                                  "forward_class_ms",
                                                                  "forward_size",
                                                                  "forward_link_mtu",
                                                                  "forward_confirmed_ms",
                                                                  "forward_fragments",
                                                                  "backward_class",
                                                                  "backward_class_ms",
                                                                  "backward_size",
                                                                  "backward_link_mtu",
                                                                  "backward_confirmed_ms",
                                                                  "backward_fragments",
                                                                  "too_big_mtu",
                                                                  "too_big_from",
                                                                  "too_big_ms",
                                                                  "icmp_fragments"};

// The sizes of packets that a path carries.
struct ReportPmtu {
  std::string to;  // The agent's name.
  Relation relation = Relation::kPeer;
  PathFamily family = PathFamily::kNone;
  std::array<PathMtu::Result, 2> ways;  // By mesh::Direction; `too_big` of the first alone.
  FragmentsResult icmp_fragments = FragmentsResult::kUnknown;  // Of pings, there and back.
};

// How much padding, which makes a report large, was delivered: `mesh.padding` of the report itself,
// and `mesh.padded_answer` of an answer that the server was asked for.
struct ReportPadding {
  enum class Stage : std::uint8_t { kNone, kConnect, kSend, kAnswer };

  std::size_t requested = 0;  // Bytes; 0: none was asked for.
  std::size_t delivered = 0;  // Of those, in this report or in the last answer.
  // How long no large one was delivered, though small ones were.
  std::optional<std::chrono::milliseconds> lost_for;
  Stage stage = Stage::kNone;  // Where the last one stalled, while some are lost.
  friend bool operator==(const ReportPadding&, const ReportPadding&) = default;
};
std::string_view text(ReportPadding::Stage stage);  // "", "connect", "send", "answer"

// One row of `mesh.heard`: an agent whose probes this agent's reflector answered lately.
struct Heard {
  IpAddress address;
  std::uint16_t ssid = 0;
  std::chrono::milliseconds age{0};  // Of the latest.
};

// Round trips of all STAMP paths to peers since the agent's start.
struct RttHistogram {
  // Upper bounds in microseconds; the last bucket has none.
  static constexpr std::array<std::uint32_t, 14> kBoundsUs = {
      50,     100,    200,    500,     1'000,   2'000,   5'000,
      10'000, 20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000};
  std::array<std::uint64_t, kBoundsUs.size() + 1> counts{};  // Each bucket's own.
  std::uint64_t sum_us = 0;

  void add(std::chrono::nanoseconds round_trip);
  friend bool operator==(const RttHistogram&, const RttHistogram&) = default;
};

// An agent's probing and its results. doc/reference/wire_format.md has the JSON.
struct ProbingReport {
  Layer layer = Layer::kPod;
  std::chrono::milliseconds agent_uptime{
      0};                                // Since the agent's start: a smaller one is a new start.
  bool stopping = false;                 // The agent says goodbye.
  std::vector<IpAddress> addresses;      // Where its reflector is reached; one of each family.
  std::vector<std::uint32_t> link_mtus;  // Of the links of `addresses`, in their order; 0: unknown.
  // Kind of the link that a host's overlay sends by, such as "vxlan"; empty: none is known.
  std::string tunnel;
  std::uint16_t port = 0;     // 0: it has no reflector.
  std::uint16_t ssid = 0;     // Of its probes.
  std::string assignment;     // The revision it has; empty for none.
  std::string clock;          // "kernel", or "user" where the kernel gives no times.
  std::string icmp;           // "datagram", "raw", or why there is none.
  std::uint64_t starved = 0;  // How often the agent was kept from running for too long.
  std::uint64_t receive_drops =
      0;              // Packets that the kernel dropped because they were not read in time.
  PathTotals totals;  // Of STAMP paths to peers.
  RttHistogram round_trips;
  std::vector<ReportPath> paths;
  std::vector<Heard> heard;
  std::vector<ReportPmtu> mtus;
  ReportPadding padding;
  ReportPadding padded_answer;
  // Of pings that were ordered and ended since the last report that arrived. Nothing: the agent
  // takes no orders.
  std::optional<std::vector<PingResult>> pings;
  // How many rows the agent had, those left out of the report included.
  std::size_t paths_total = 0;
  std::size_t heard_total = 0;
  std::size_t mtus_total = 0;
};

// The directions in which large packets get lost between an agent and the server, while small ones
// pass.
struct LargeLoss {
  bool to_server = false;
  bool from_server = false;

  static LargeLoss of(const ProbingReport& report);
  bool any() const { return to_server || from_server; }
};

}  // namespace meshcheck::mesh

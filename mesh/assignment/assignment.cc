#include "mesh/assignment/assignment.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <limits>

#include "lib/base/hex.h"
#include "lib/base/json_writer.h"
#include "lib/base/text.h"
#include "mesh/report/json_fields.h"
#include "mesh/report/name.h"

namespace meshcheck::mesh {
namespace {

using simdjson::dom::element;
using std::chrono::milliseconds;

constexpr std::size_t kRevisionSizeMax = 64;
constexpr std::size_t kKeySizeMin = 16;
constexpr std::size_t kKeySizeMax = 64;
constexpr std::size_t kNestingMax = 8;
constexpr std::size_t kAddressSizeMax = 64;

struct TargetList {
  std::string_view key;
  TargetKind kind;
  std::vector<std::string> Targets::*entries;
};
constexpr std::array<TargetList, 4> kTargetLists = {{
    {"ping", TargetKind::kPing, &Targets::ping},
    {"tcpPing", TargetKind::kTcpPing, &Targets::tcp_ping},
    {"udpPing", TargetKind::kUdpPing, &Targets::udp_ping},
    {"dns", TargetKind::kDns, &Targets::dns},
}};

// ---- writing

void append_peer(std::string& out, const Peer& peer) {
  append_json_string(out += "{\"name\":", peer.name);
  append_json_string(out += ",\"node\":", peer.node);
  out +=
      peer.relation == Peer::Relation::kTwin ? ",\"relation\":\"twin\"" : ",\"relation\":\"peer\"";
  out += ",\"addresses\":[";
  for (std::size_t i = 0; i < peer.addresses.size(); ++i) {
    out += i == 0 ? "\"" : ",\"";
    out += peer.addresses[i].text() + '"';
  }
  out += ']';
  if (!peer.link_mtus.empty()) {
    out += ",\"link_mtus\":[";
    for (std::size_t i = 0; i < peer.link_mtus.size(); ++i) {
      if (i != 0) out += ',';
      out += std::to_string(peer.link_mtus[i]);
    }
    out += ']';
  }
  out += ",\"port\":" + std::to_string(peer.port) + '}';
}

void append_targets(std::string& out, const Targets& targets) {
  char separator = '{';
  for (const TargetList& list : kTargetLists) {
    out += separator;
    append_json_string(out, list.key);
    out += ":[";
    const auto& entries = targets.*list.entries;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i != 0) out += ',';
      append_json_string(out, entries[i]);
    }
    out += ']';
    separator = ',';
  }
  out += '}';
}

void append_ping(std::string& out, const PingOrder& order) {
  append_json_string(out += "{\"to\":", order.to);
  append_json_string(out += ",\"address\":", order.endpoint.address.text());
  append_json_number(out, "id", order.id);
  append_json_number(out, "port", order.endpoint.port);
  append_json_number(out, "size", order.size);
  append_json_number(out, "count", order.count);
  out += '}';
}

// ---- reading

bool is_absent(const element& object, std::string_view key) {
  return object[key].error() != simdjson::SUCCESS;
}

Result<std::string> parse_key(std::string_view text) {
  auto key = from_hex(text);
  const bool good =
      key && (key->empty() || (key->size() >= kKeySizeMin && key->size() <= kKeySizeMax));
  // Without the text: it is a secret.
  if (!good) return expected("key", "nothing, or 16 to 64 bytes in hexadecimal,");
  return *std::move(key);
}

Result<Peer> parse_peer(const element& value) {
  Peer peer;
  if (!value.is_object()) return Error("an object is expected");
  if (auto read = read_field(value, "name", kNameSizeMax, peer.name); !read) return read.error();
  if (auto read = read_field(value, "node", kNameSizeMax, peer.node); !read) return read.error();
  if (auto checked = check_name(peer.name, "name"); !checked) return checked.error();
  std::string relation = "peer";
  if (auto read = read_field(value, "relation", 16, relation); !read) return read.error();
  if (relation != "peer" && relation != "twin") return expected("relation", "\"peer\" or \"twin\"");
  peer.relation = relation == "twin" ? Peer::Relation::kTwin : Peer::Relation::kPeer;
  std::int64_t port = 0;
  if (auto read = read_field(value, "port", {1, 65535}, port); !read) return read.error();
  if (port == 0) return expected("port", "a port");
  peer.port = static_cast<std::uint16_t>(port);
  if (is_absent(value, "addresses")) return expected("addresses", "a list");
  const auto read =
      read_each_text(value, "addresses", kPeerAddressesMax, [&](std::string_view text) {
        auto address = IpAddress::parse(text);
        if (!address) return Result<void>(address.error().within("addresses"));
        peer.addresses.push_back(*address);
        return Result<void>();
      });
  if (!read) return read.error();
  if (auto done = read_link_mtus(value, peer.addresses.size(), peer.link_mtus); !done) {
    return done.error();
  }
  return peer;
}

Result<PingOrder> parse_ping(const element& value) {
  PingOrder order;
  if (!value.is_object()) return Error("an object is expected");
  if (auto read = read_field(value, "id", {1, kPingIdMax}, order.id); !read) return read.error();
  if (order.id == 0) return expected("id", "a number");
  if (auto read = read_field(value, "to", kNameSizeMax, order.to); !read) return read.error();
  if (auto checked = check_name(order.to, "to"); !checked) return checked.error();
  std::string address;
  if (auto read = read_field(value, "address", kAddressSizeMax, address); !read)
    return read.error();
  auto parsed = IpAddress::parse(address);
  if (!parsed) return parsed.error().within("address");
  order.endpoint.address = *parsed;
  if (auto read = read_field(value, "port", {1, 65535}, order.endpoint.port); !read) {
    return read.error();
  }
  if (order.endpoint.port == 0) return expected("port", "a port");
  if (auto read = read_field(value, "size", {0, kPingSizeMax}, order.size); !read) {
    return read.error();
  }
  if (auto read = read_field(value, "count", {1, kPingCountMax}, order.count); !read) {
    return read.error();
  }
  return order;
}

Result<void> parse_pings(const element& root, std::vector<PingOrder>& pings) {
  return read_each(root, "pings", kPingsOfAgentMax, [&](const element& item) {
    auto order = parse_ping(item);
    if (!order) {
      return Result<void>(order.error().within("pings[" + std::to_string(pings.size()) + "]"));
    }
    pings.push_back(*std::move(order));
    return Result<void>();
  });
}

Result<void> parse_targets(const element& root, Targets& targets) {
  element object;
  if (root["targets"].get(object) != simdjson::SUCCESS) return {};
  if (!object.is_object()) return expected("targets", "an object");
  for (const TargetList& list : kTargetLists) {
    const auto read = read_each_text(object, list.key, kTargetsMax, [&](std::string_view text) {
      if (auto checked = check_target(list.kind, text); !checked) {
        return Result<void>(checked.error().within(list.key));
      }
      (targets.*list.entries).emplace_back(text);
      return Result<void>();
    });
    if (!read) return read.error().within("targets");
  }
  return {};
}

Result<void> parse_probe(const element& root, ProbeSettings& probe) {
  element object;
  if (root["probe"].get(object) != simdjson::SUCCESS) return {};
  if (!object.is_object()) return expected("probe", "an object");
  std::int64_t interval = probe.interval.count();
  std::int64_t timeout = probe.timeout.count();
  if (auto read = read_field(object, "interval_ms", {100, 60'000}, interval); !read) return read;
  if (auto read = read_field(object, "timeout_ms", {10, 60'000}, timeout); !read) return read;
  probe = {.interval = milliseconds(interval), .timeout = milliseconds(timeout)};
  return {};
}

Result<void> parse_peers(const element& root, std::vector<Peer>& peers) {
  return read_each(root, "peers", kPeersMax, [&](const element& item) {
    auto peer = parse_peer(item);
    if (!peer) {
      return Result<void>(peer.error().within("peers[" + std::to_string(peers.size()) + "]"));
    }
    peers.push_back(*std::move(peer));
    return Result<void>();
  });
}

Result<Assignment> parse_root(const element& root) {
  Assignment assignment;
  std::int64_t schema = 0;
  std::int64_t epoch = 0;
  std::int64_t report_interval = 0;
  std::string key;
  if (!root.is_object()) return Error("an object is expected");
  if (auto read = read_field(root, "schema", {1, 1}, schema); !read) return read.error();
  if (schema == 0) return expected("schema", "1");
  if (auto read = read_field(root, "revision", kRevisionSizeMax, assignment.revision); !read) {
    return read.error();
  }
  constexpr std::int64_t kEpochMax = std::numeric_limits<std::int64_t>::max();
  if (auto read = read_field(root, "epoch", {0, kEpochMax}, epoch); !read) return read.error();
  if (auto read = read_field(root, "report_interval_s", {0, 86'400}, report_interval); !read) {
    return read.error();
  }
  if (auto read = read_field(root, "key", 2 * kKeySizeMax, key); !read) return read.error();
  auto bytes = parse_key(key);
  if (!bytes) return bytes.error();
  assignment.epoch = static_cast<std::uint64_t>(epoch);
  assignment.report_interval = std::chrono::seconds(report_interval);
  assignment.key = *std::move(bytes);
  std::uint32_t rank = kRanksMax;
  if (auto read = read_field(root, "rank", {0, kRanksMax - 1}, rank); !read) return read.error();
  if (rank < kRanksMax) assignment.rank = rank;
  if (auto read = parse_probe(root, assignment.probe); !read) return read.error().within("probe");
  if (auto read = parse_peers(root, assignment.peers); !read) return read.error();
  if (auto read = parse_targets(root, assignment.targets); !read) return read.error();
  if (auto read = parse_pings(root, assignment.pings); !read) return read.error();
  return assignment;
}

}  // namespace

std::string encode(const Assignment& assignment) {
  std::string out;
  out.reserve(256 + 128 * assignment.peers.size());
  append_json_string(out += "{\"schema\":1,\"revision\":", assignment.revision);
  out += ",\"epoch\":" + std::to_string(assignment.epoch);
  out += ",\"report_interval_s\":" + std::to_string(assignment.report_interval.count());
  out += ",\"probe\":{\"interval_ms\":" + std::to_string(assignment.probe.interval.count());
  out += ",\"timeout_ms\":" + std::to_string(assignment.probe.timeout.count());
  out += "},\"key\":\"" + to_hex(assignment.key) + "\",\"peers\":[";
  for (std::size_t i = 0; i < assignment.peers.size(); ++i) {
    if (i != 0) out += ',';
    append_peer(out, assignment.peers[i]);
  }
  append_targets(out += "],\"targets\":", assignment.targets);
  if (assignment.rank) out += ",\"rank\":" + std::to_string(*assignment.rank);
  if (!assignment.pings.empty()) {
    append_json_list(out, "pings", assignment.pings, {kPingsOfAgentMax, kAssignmentSizeMax},
                     [&](const PingOrder& order) { append_ping(out, order); });
  }
  out += '}';
  return out;
}

Result<Assignment> parse_assignment(std::string_view json) {
  if (json.size() > kAssignmentSizeMax) {
    return Error("larger than " + std::to_string(kAssignmentSizeMax) + " bytes");
  }
  simdjson::dom::parser parser(kAssignmentSizeMax);
  if (parser.allocate(std::max<std::size_t>(json.size(), 64), kNestingMax) != simdjson::SUCCESS) {
    return Error("no memory");
  }
  element root;
  const auto error = parser.parse(json.data(), json.size(), /*realloc_if_needed=*/true).get(root);
  if (error != simdjson::SUCCESS) return Error(simdjson::error_message(error));
  return parse_root(root);
}

}  // namespace meshcheck::mesh

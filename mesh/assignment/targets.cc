#include "mesh/assignment/targets.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>

#include "lib/base/ip_address.h"
#include "lib/base/text.h"

namespace meshcheck::mesh {
namespace {

constexpr std::size_t kNameSizeMax = 253;
constexpr std::size_t kLabelSizeMax = 63;

std::string_view example(TargetKind kind) {
  switch (kind) {
    case TargetKind::kPing:
      return "10.0.0.1, fd00::1 or gateway.example";
    case TargetKind::kTcpPing:
    case TargetKind::kUdpPing:
      return "10.0.0.1:80, [fd00::1]:80 or web.example:80";
    case TargetKind::kDns:
      return "kubernetes.default";
  }
  return {};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelSizeMax) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    // RFC 1123 section 2.1, and the underscores that DNS and Docker have.
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

// Nothing, or what is wrong.
std::optional<std::string_view> name_fault(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);  // Fully qualified.
  if (name.empty()) return "has no name";
  if (name.size() > kNameSizeMax) return "is too long for a name";
  std::string_view label;
  for (std::string_view rest = name; !rest.empty();) {
    const auto dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label)) return "is neither a host name nor an address";
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
    if (rest.empty()) return "is neither a host name nor an address";
  }
  // No top-level domain is a number, so this is a mistyped address.
  if (std::all_of(label.begin(), label.end(), is_digit)) return "is no valid IPv4 address";
  return std::nullopt;
}

bool is_link_local(const IpAddress& address) {
  const auto bytes = address.bytes();
  return bytes.size() == 16 && bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80;
}

// Unspecified, multicast or reserved (RFC 6890): of no host or of many.
bool is_of_no_host(const IpAddress& address) {
  constexpr std::uint8_t kIpv4MulticastFirst = 224;  // 224/4 is multicast, 240/4 reserved.
  const auto bytes = address.bytes();
  if (bytes.size() == 4) return bytes[0] == 0 || bytes[0] >= kIpv4MulticastFirst;
  return bytes[0] == 0xff ||
         std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::optional<std::string_view> host_fault(std::string_view host) {
  if (host.find('%') != std::string_view::npos) return "names a link, which a target cannot";
  const auto address = IpAddress::parse(host);
  if (!address) return name_fault(host);
  if (is_link_local(*address)) return "is a link-local address, which no target can be";
  if (is_of_no_host(*address)) return "is no address of one host";
  return std::nullopt;
}

std::optional<std::string_view> host_port_fault(std::string_view target) {
  const auto colon = target.rfind(':');
  if (colon == std::string_view::npos || target.back() == ']') return "has no port";
  std::string_view host = target.substr(0, colon);
  const std::string_view port_text = target.substr(colon + 1);
  std::uint16_t port = 0;
  const char* const end = port_text.data() + port_text.size();
  const auto parsed = std::from_chars(port_text.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) {
    return "has a port that is not a number from 1 to 65535";
  }
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
    // The zone is told of by host_fault().
    if (host.find('%') == std::string_view::npos && host.find(':') == std::string_view::npos) {
      return "has brackets, which are for an IPv6 address";
    }
    if (host.find('%') == std::string_view::npos && !IpAddress::parse(host)) {
      return "is no valid IPv6 address";
    }
  } else if (host.find(':') != std::string_view::npos) {
    return "has more than one colon; an IPv6 address needs brackets";
  }
  return host_fault(host);
}

std::optional<std::string_view> fault(TargetKind kind, std::string_view target) {
  if (target.empty()) return "is empty";
  if (target.size() > kTargetSizeMax) return "is too long";
  switch (kind) {
    case TargetKind::kPing:
      if (target.front() == '[') return "has brackets, which only a port asks for";
      return host_fault(target);
    case TargetKind::kTcpPing:
    case TargetKind::kUdpPing:
      return host_port_fault(target);
    case TargetKind::kDns:
      if (IpAddress::parse(target)) return "is an address, which needs no look-up";
      return name_fault(target);
  }
  return std::nullopt;
}

}  // namespace

void Targets::add(const Targets& other) {
  for (const auto list : {&Targets::ping, &Targets::tcp_ping, &Targets::udp_ping, &Targets::dns}) {
    auto& mine = this->*list;
    for (const std::string& target : other.*list) {
      if (mine.size() >= kTargetsMax) break;
      if (std::find(mine.begin(), mine.end(), target) == mine.end()) mine.push_back(target);
    }
  }
}

Result<void> check_target(TargetKind kind, std::string_view target) {
  const auto wrong = fault(kind, target);
  if (!wrong) return {};
  // The start of something long is enough to find it.
  return Error("'" + std::string(target.substr(0, kTargetSizeMax)) + "' " + std::string(*wrong) +
               "; write for example " + std::string(example(kind)));
}

Result<std::vector<std::string>> parse_target_list(TargetKind kind, std::string_view list) {
  std::vector<std::string> targets;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view target = trim(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    // As templates leave behind, at the end and in between.
    if (target.empty()) continue;
    if (auto checked = check_target(kind, target); !checked) return checked.error();
    if (std::find(targets.begin(), targets.end(), target) != targets.end()) continue;
    if (targets.size() >= kTargetsMax) {
      return Error("more than " + std::to_string(kTargetsMax) + " targets");
    }
    targets.emplace_back(target);
  }
  return targets;
}

HostPort split_host_port(std::string_view target) {
  const auto colon = target.rfind(':');
  assert(colon != std::string_view::npos);
  std::string_view host = target.substr(0, colon);
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  HostPort split{.host = std::string(host)};
  std::from_chars(target.data() + colon + 1, target.data() + target.size(), split.port);
  assert(split.port != 0);
  return split;
}

Result<Targets> parse_targets(const TargetTexts& texts) {
  struct List {
    std::string_view flag;
    TargetKind kind;
    const std::string& text;
    std::vector<std::string> Targets::*entries;
  };
  Targets targets;
  for (const List& list :
       {List{"-ping", TargetKind::kPing, texts.ping, &Targets::ping},
        List{"-tcpPing", TargetKind::kTcpPing, texts.tcp_ping, &Targets::tcp_ping},
        List{"-udpPing", TargetKind::kUdpPing, texts.udp_ping, &Targets::udp_ping},
        List{"-dns", TargetKind::kDns, texts.dns, &Targets::dns}}) {
    auto entries = parse_target_list(list.kind, list.text);
    if (!entries) return entries.error().within(list.flag);
    targets.*list.entries = *std::move(entries);
  }
  return targets;
}

}  // namespace meshcheck::mesh

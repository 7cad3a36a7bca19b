// The command that an operator would run next. Each is complete: a part that is not known is left
// out.
#include <algorithm>
#include <cctype>
#include <cstdint>

#include "mesh/verdict/sentence.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// Headers before a ping's payload.
constexpr int kPingIpv4 = 28;
constexpr int kPingIpv6 = 48;

std::string quoted(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == ':' || c == '/';
  });
  if (plain) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string on(const std::string& node) {
  return node.empty() ? "" : "  # on " + quoted(node);
}

std::string pods_of(const NamedFinding& named, const std::string& name_space) {
  const std::string& node = named.ends[0].node;
  return "kubectl " + name_space + "get pods" + (name_space.empty() ? " --all-namespaces" : "") +
         " -o wide" + (node.empty() ? "" : " --field-selector spec.nodeName=" + quoted(node));
}

// Along a path that fails, from the end that says so. Nothing if no address is known.
std::string ping(const NamedFinding& named, const std::string& options) {
  if (!named.trial) return "kubectl get nodes -o wide";
  return "ping " + options + " " + named.trial->address.text() + on(named.trial->node);
}

std::string ping_of_size(const NamedFinding& named, std::uint32_t size, bool fragments) {
  const bool ipv6 = named.trial && named.trial->address.family() == IpAddress::Family::kIpv6;
  const int payload = std::max(static_cast<int>(size) - (ipv6 ? kPingIpv6 : kPingIpv4), 0);
  return ping(named, std::string("-M ") + (fragments ? "dont" : "do") + " -c 3 -s " +
                         std::to_string(payload));
}

// Waits for one answer to a probe, of which a second brings several where the port is open.
std::string await_answer(const NamedFinding& named) {
  if (!named.trial) return "kubectl get nodes -o wide";
  const std::uint16_t port = named.finding.cross_checks.port.value_or(0);
  return "timeout 5 tcpdump -nni any -c 1 udp " +
         (port == 0 ? "" : "src port " + std::to_string(port) + " ") + "and src host " +
         named.trial->address.text() + on(named.trial->node);
}

}  // namespace

std::string next_command(const NamedFinding& named) {
  const Finding& finding = named.finding;
  if (is_port_closed(finding)) return await_answer(named);
  const std::string& node = named.ends[0].node;
  const std::string system = "-n kube-system ";
  switch (finding.kind) {
    case Kind::kNodeDown:
      return "kubectl describe node " + quoted(named.ends[0].name);
    case Kind::kAgentDown:
    case Kind::kAgentStarved:
    case Kind::kServerUnreachable:
      return pods_of(named, "");
    case Kind::kPodNetwork:
      return pods_of(named, system);
    case Kind::kTwinPath:
      return "ip -d link; ip route" + on(node);
    case Kind::kHostLink:
      return "ip -s link" + on(node);
    case Kind::kGateway:
      if (finding.subject.type == Type::kGateway) {
        return "ip neigh show " + quoted(named.ends[0].name) +
               on(named.witness ? named.witness->node : "");
      }
      return "ip route show default; ip neigh" + on(node);
    case Kind::kMtuBlackHole:
    case Kind::kOverlayMtu:
      return ping_of_size(named, finding.link_mtu, false);
    case Kind::kFragmentsDropped:
      return ping_of_size(named, finding.link_mtu + 200U, true);
    case Kind::kDns:
      return "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide";
    case Kind::kClockJump:
      return "timedatectl" + on(node);
    case Kind::kClockSkew:
      if (finding.subject.type == Type::kAll)
        return "date -u  # on the server's node and on others";
      return "timedatectl" + on(node);
    case Kind::kDuplicateAgent:
      return "kubectl get pods --all-namespaces -o wide --field-selector metadata.name=" +
             quoted(named.ends[0].name);
    case Kind::kAddressConflict: {
      const std::string& other = named.ends[1].node;
      const bool both = !node.empty() && !other.empty();
      return "ip -br address" + on(node.empty() ? other : node) +
             (both ? " and on " + quoted(other) : "");
    }
    case Kind::kTarget:
      return "kubectl get endpoints --all-namespaces";
    case Kind::kKubernetesApi:
      return "kubectl get --raw '/readyz?verbose'";
    default:
      break;
  }
  if (finding.subject.type == Type::kZone || finding.subject.type == Type::kZonePair) {
    return "kubectl get nodes -L topology.kubernetes.io/zone -o wide";
  }
  return ping(named, "-c 10");
}

}  // namespace meshcheck::verdict

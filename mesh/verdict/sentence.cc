#include "mesh/verdict/sentence.h"

#include <algorithm>
#include <cmath>

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

constexpr std::chrono::hours kDay{24};

// "12:03:07", and with the date if it is longer ago.
std::string since(const NamedFinding& named, Moment now) {
  const Clock::duration age = now.steady - named.finding.since;
  const std::string text = format_rfc3339(std::chrono::floor<std::chrono::seconds>(now.wall - age));
  const std::string day = text.substr(0, 10);
  const std::string time = text.substr(11, 8);
  return "since " + (age < kDay ? time : day + " " + time);
}

std::string k_of_m(const Finding& finding, std::string_view what = "paths") {
  return std::to_string(finding.failing) + " of " + std::to_string(finding.observed) + " " +
         std::string(what);
}

std::string milliseconds(std::uint32_t microseconds) {
  const std::uint32_t tenths = (microseconds + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

std::string family(const Finding& finding) {
  if (finding.family == PathFamily::kIpv6) return ", IPv6 only";
  return finding.family == PathFamily::kIpv4 ? ", IPv4 only" : "";
}

// "node-7", "node-7 and node-9", "zone east", "all nodes"
std::string subject(const NamedFinding& named) {
  const std::string& first = named.ends[0].name;
  const std::string& second = named.ends[1].name;
  switch (named.finding.subject.type) {
    case Type::kAll:
      return "all nodes";
    case Type::kZone:
      return "zone " + first;
    case Type::kZonePair:
      return "zones " + first + " and " + second;
    case Type::kNodePair:
      return first + " and " + second;
    default:
      return first;
  }
}

bool is_pair(const NamedFinding& named) {
  return named.finding.subject.type == Type::kNodePair ||
         named.finding.subject.type == Type::kZonePair;
}

// "from node-7", "to node-7", "between node-7 and node-9", "from node-7 to node-9"
std::string way(const NamedFinding& named) {
  const Finding& finding = named.finding;
  const std::string& first = named.ends[0].name;
  const std::string& second = named.ends[1].name;
  const std::string zone = finding.subject.type == Type::kZonePair ? "zone " : "";
  if (is_pair(named)) {
    if (finding.way == Way::kOut) return "from " + zone + first + " to " + zone + second;
    if (finding.way == Way::kIn) return "from " + zone + second + " to " + zone + first;
    return "between " + subject(named);
  }
  if (finding.subject.type == Type::kAll) return "between all nodes";
  if (finding.way == Way::kOut) return "from " + subject(named);
  if (finding.way == Way::kIn) return "to " + subject(named);
  return "from and to " + subject(named);
}

// Of a gateway. In IPv6 the question is one of NDP.
std::string no_answer(const Finding& finding) {
  if (finding.cross_checks.answered == 0 || finding.cross_checks.answered < finding.failing) {
    return " does not answer";
  }
  return " does not answer pings, but ARP does";
}

std::string of_layer(const Finding& finding) {
  if (finding.scope == Scope::kBoth) return "";
  return finding.scope == Scope::kPod ? " on the pod network" : " on the host network";
}

// "UDP port 8862", of the agents at the far ends.
std::string port_of(const Finding& finding) {
  const std::uint16_t port = finding.cross_checks.port.value_or(0);
  return port == 0 ? "the UDP port of the probes" : "UDP port " + std::to_string(port);
}

std::string port_closed(const NamedFinding& named, const std::string& when) {
  const Finding& finding = named.finding;
  const std::string where = finding.kind == Kind::kTwinPath
                                ? "between host and pod network of " + subject(named)
                                : way(named) + of_layer(finding);
  return port_of(finding) + (finding.partial ? " is partly closed " : " is closed ") + where +
         ": pings pass (" + k_of_m(finding) + family(finding) + ", " + when + ")";
}

// ", 1 of 2 pings answered": probes alone do not say that nothing passes.
std::string of_pings(const Finding& finding) {
  switch (pings_of(finding)) {
    case Pings::kUnknown:
      return ", pings not known";
    case Pings::kSome: {
      const CrossChecks& cross = finding.cross_checks;
      return ", " + std::to_string(cross.answered) + " of " +
             std::to_string(cross.answered + cross.unanswered) + " pings answered";
    }
    case Pings::kPass:
    case Pings::kLost:
      break;
  }
  return "";
}

std::string unreachable(const NamedFinding& named, const std::string& when) {
  const Finding& finding = named.finding;
  const std::string who = subject(named);
  const std::string counts = k_of_m(finding) + family(finding);
  const Pings pings = pings_of(finding);
  const std::string tail = of_pings(finding) + ", " + when + ")";
  const std::string probes = finding.partial ? "not all probes pass " : "no probes pass ";
  const std::string nothing_passes =
      (pings == Pings::kLost ? "no packets pass " : probes) + way(named) + of_layer(finding) + " (";
  const bool some = pings == Pings::kSome;  // Then it is neither broken nor cut off.
  switch (finding.kind) {
    case Kind::kNodeDown:
      if (finding.observed == 0) {
        return "node " + who + " is silent: neither of its agents reports, and nobody probes it (" +
               when + ")";
      }
      return "node " + who + " is down: " + counts + " to it fail, and its agents are silent (" +
             when + ")";
    case Kind::kAgentDown: {
      if (finding.subject.type == Type::kNode) {
        return "agents of " + who + " are down, and the node is not: " + counts +
               " to them fail and they are silent, but pings of the node are answered (" + when +
               ")";
      }
      const std::string place = named.ends[0].node.empty() ? "" : " on " + named.ends[0].node;
      if (finding.observed == 0) {
        return "agent " + who + place + " does not report, and nobody probes it (" + when + ")";
      }
      return "agent " + who + place + " is down (" + counts + " to it fail, " +
             (finding.node_unseen ? "nothing is known of its node, " : "its node lives, ") + when +
             ")";
    }
    case Kind::kPodNetwork:
      return (some ? nothing_passes
                   : "pod network of " + who +
                         (finding.partial ? " is partly broken (" : " is broken (")) +
             counts + ", host network fine" +
             (finding.twin_down ? ", host and pod of the node do not reach each other" : "") + tail;
    case Kind::kHostLink:
      return (some ? nothing_passes
                   : "network of " + who +
                         (finding.partial ? " is partly cut off (" : " is cut off (")) +
             counts + (finding.partial ? "" : ", its agents still report") + tail;
    case Kind::kZonePartition:
      return (some || is_pair(named) ? nothing_passes : who + " is cut off (") + counts + tail;
    default:
      return nothing_passes + counts + tail;
  }
}

std::string twin_path(const NamedFinding& named, const std::string& when) {
  const Finding& finding = named.finding;
  if (is_port_closed(finding)) return port_closed(named, when);
  const std::string networks = "host and pod network of " + subject(named);
  const std::string counts = " (" + k_of_m(finding);
  if (pings_of(finding) == Pings::kSome) {
    return "no probes pass between " + networks + counts + of_pings(finding) + ", " + when + ")";
  }
  return networks + " do not reach each other" + counts + ", " + when + ")";
}

std::string sizes(const NamedFinding& named, const std::string& when) {
  const Finding& finding = named.finding;
  const std::string where = way(named) + of_layer(finding);
  const std::string tail = " (" + k_of_m(finding) + family(finding) + ", " + when + ")";
  if (finding.kind == Kind::kFragmentsDropped) return "fragments are lost " + where + tail;
  const std::string passes = finding.size == 0
                                 ? "large packets"
                                 : "packets above " + std::to_string(finding.size) + " bytes";
  if (finding.kind == Kind::kOverlayMtu) {
    return "MTU of the overlay is too large: " + passes + " are lost " + where + ", links have " +
           std::to_string(finding.link_mtu) + tail;
  }
  return "MTU black hole: " + passes + " vanish without a word " + where + ", links have " +
         std::to_string(finding.link_mtu) + tail;
}

std::string quality(const NamedFinding& named, const std::string& when) {
  const Finding& finding = named.finding;
  const std::string tail = " (" + k_of_m(finding) + family(finding) + ", " + when + ")";
  if (finding.loss > 0) {
    const int tenths = static_cast<int>(std::lround(1000 * finding.loss));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
           " % of packets are lost " + way(named) + of_layer(finding) + tail;
  }
  const std::string where = is_pair(named) ? "between " + subject(named) : "of " + subject(named);
  return "round trips " + where + of_layer(finding) + " take " +
         milliseconds(finding.round_trip_us) + " instead of " +
         milliseconds(finding.usual_round_trip_us) + tail;
}

std::string server_unreachable(const NamedFinding& named, const std::string& when) {
  const Finding& finding = named.finding;
  const std::string tail = " (" + k_of_m(finding, "agents") + ", " + when + ")";
  if (finding.subject.type == Type::kAll && finding.failing == finding.observed) {
    return "no agent reaches the server" + tail;
  }
  return "server is unreachable from " + subject(named) + ": silent, and peers say alive" + tail;
}

std::string address_text(const std::optional<IpAddress>& address) {
  return address ? address->text() : "an unknown address";
}

std::string clock_skew(const NamedFinding& named, const std::string& when) {
  const Finding& finding = named.finding;
  const bool ahead = finding.clock_skew.count() > 0;
  const std::string seconds =
      std::to_string(
          std::chrono::round<std::chrono::seconds>(std::chrono::abs(finding.clock_skew)).count()) +
      " s ";
  if (finding.subject.type == Type::kAll) {
    return "the server's wall clock is " + seconds + (ahead ? "behind" : "ahead of") +
           " those of most agents (" + k_of_m(finding, "agents") + ", " + when + ")";
  }
  return "wall clock of agent " + subject(named) + " is " + seconds +
         (ahead ? "ahead of" : "behind") + " the server's (" + when + ")";
}

// "pod-1 and pod-2", "pod-1, pod-2 and 3 more"
std::string those_at_one_address(const NamedFinding& named) {
  const std::string& first = named.ends[0].name;
  const std::string& second = named.ends[1].name;
  if (named.finding.failing <= 2) return first + " and " + second;
  return first + ", " + second + " and " + std::to_string(named.finding.failing - 2) + " more";
}

}  // namespace

std::string sentence(const NamedFinding& named, Moment now) {
  const Finding& finding = named.finding;
  const std::string when = since(named, now);
  const std::string who = subject(named);
  std::string text;
  switch (finding.kind) {
    case Kind::kTwinPath:
      text = twin_path(named, when);
      break;
    case Kind::kGateway:
      text =
          finding.subject.type == Type::kGateway
              ? "gateway " + who + no_answer(finding) + " (" + k_of_m(finding) + ", " + when + ")"
              : "gateway of " + who + of_layer(finding) + no_answer(finding) + " (" +
                    k_of_m(finding) + family(finding) + ", " + when + ")";
      break;
    case Kind::kMtuBlackHole:
    case Kind::kFragmentsDropped:
    case Kind::kOverlayMtu:
      text = sizes(named, when);
      break;
    case Kind::kPartialLoss:
    case Kind::kLatency:
    case Kind::kZoneDegradation:
      text = quality(named, when);
      break;
    case Kind::kDns:
    case Kind::kTarget: {
      const std::string what = finding.kind == Kind::kDns ? "name look-ups " : "probes ";
      const bool of_target = finding.subject.type == Type::kTarget;
      text = what + (of_target ? "of " + who : "from " + who + of_layer(finding)) + " fail (" +
             k_of_m(finding, "agents and targets") + ", " + when + ")";
      break;
    }
    case Kind::kServerUnreachable:
      text = server_unreachable(named, when);
      break;
    case Kind::kAgentStarved:
      text = "agent " + who + " did not get to run; what it says is not used (" + when + ")";
      break;
    case Kind::kClockJump:
      text = "wall clock of agent " + who + " was set by " +
             std::to_string(finding.clock_jump.count()) + " ms (" + when + ")";
      break;
    case Kind::kClockSkew:
      text = clock_skew(named, when);
      break;
    case Kind::kDuplicateAgent:
      text = "two agents report as " + who + ", from " + address_text(named.ends[0].address) +
             " and from " + address_text(named.ends[1].address) + "; what they say is not used (" +
             when + ")";
      break;
    case Kind::kAddressConflict:
      text = "agents " + those_at_one_address(named) + " are all at one address, " +
             address_text(named.ends[0].address) + "; paths to it are not used (" + when + ")";
      break;
    case Kind::kKubernetesApi:
      text = named.reason + " (" + when + ")";
      break;
    default:
      text = is_port_closed(finding) ? port_closed(named, when) : unreachable(named, when);
      break;
  }
  if (finding.excuse == Excuse::kNotReady) {
    text += "; Kubernetes says too that the node is not ready";
  } else if (finding.excuse != Excuse::kNone) {
    text += "; expected, the node is " + std::string(verdict::text(finding.excuse));
  }
  return text;
}

}  // namespace meshcheck::verdict

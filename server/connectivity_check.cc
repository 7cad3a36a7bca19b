#include "server/connectivity_check.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/json_writer.h"

namespace meshcheck::server {
namespace {

void append_list(std::string& json, std::string_view key, const std::vector<std::string>& names,
                 bool null_if_empty) {
  append_json_key(json, key);
  if (names.empty() && null_if_empty) {
    json += "null";
    return;
  }
  append_json_texts(json, names, {.items_max = names.size(), .bytes_max = SIZE_MAX});
}

// "large packets are lost, small ones are not: to the server from 2 agents, both ways with 1"
std::string text_of(const std::vector<ConnectivityCheck::Unpadded>& agents) {
  const auto count = [&](bool to_server, bool from_server) {
    return std::count_if(
        agents.begin(), agents.end(), [&](const ConnectivityCheck::Unpadded& agent) {
          return agent.loss.to_server == to_server && agent.loss.from_server == from_server;
        });
  };
  std::string text = "large packets are lost, small ones are not";
  char separator = ':';
  const auto append = [&](std::string_view way, std::ptrdiff_t number) {
    if (number == 0) return;
    text += separator;
    text += ' ';
    text += way;
    text += std::to_string(number);
    text += number == 1 ? " agent" : " agents";
    separator = ',';
  };
  append("to the server from ", count(true, false));
  append("from the server to ", count(false, true));
  append("both ways between the server and ", count(true, true));
  return text;
}

// What is open above info, worst first; and whether the check fails for it.
struct FailingVerdicts {
  std::vector<std::string> texts;  // "critical: pod network of node-7 is broken (...)"
  std::size_t critical = 0;
  bool fail = false;
};

FailingVerdicts verdicts_of(Parts& parts) {
  FailingVerdicts shown;
  parts.verdicts.with([&](const VerdictPublisher& publisher) {
    shown.critical = publisher.count(verdict::Severity::kCritical);
    for (const VerdictRecord& record : publisher.open()) {
      if (record.severity == verdict::Severity::kInfo) break;
      shown.texts.push_back(std::string(text(record.severity)) + ": " + record.sentence);
    }
  });
  shown.fail = parts.options.verdicts_fail_check && shown.critical != 0;
  return shown;
}

// What the check says of the cluster itself.
struct ClusterWords {
  std::string unknown;  // Why it is not known who is expected; empty if it is.
  std::string nobody = "none has reported within the last hour and there is no inventory";
};

ClusterWords cluster_words(Parts& parts) {
  return parts.cluster.with([](const ClusterStatus& status) {
    ClusterWords words;
    if (!status.enabled) return words;
    if (!status.synced()) words.unknown = status.trouble();
    words.nobody = "no pod in " + status.where + " is one of -agent-selector";
    return words;
  });
}

// "2 absent pods do not run: agent-x (Pending, on no node yet), agent-y (Pending, not ready)"
std::string text_of(const std::vector<ConnectivityCheck::NotRunning>& agents) {
  constexpr std::size_t kNamedMax = 3;
  std::string text = std::to_string(agents.size());
  text += agents.size() == 1 ? " absent pod does not run" : " absent pods do not run";
  for (std::size_t i = 0; i < std::min(agents.size(), kNamedMax); ++i) {
    text += (i == 0 ? ": " : ", ") + agents[i].name + " (" + agents[i].why + ")";
  }
  return text;
}

std::string message_of(const ConnectivityCheck& check, const FailingVerdicts& verdicts,
                       const ClusterWords& cluster) {
  if (check.ok() && !verdicts.fail && cluster.unknown.empty()) {
    return "All " + std::to_string(check.expected) +
           " pods successfully reported back to the server";
  }
  std::string text = "Connectivity check fails. Reason: ";
  if (!cluster.unknown.empty()) {
    text += "it is not known which agents should report: " + cluster.unknown + "; ";
  } else if (check.expected == 0) {
    if (!check.excused.empty()) {
      return text + "no agents are expected: all are silent, on nodes that are cordoned or go";
    }
    if (check.awaited == 0) return text + "no agents are expected: " + cluster.nobody;
    return text + "no agent has reported yet, and " + std::to_string(check.awaited) +
           (check.awaited == 1 ? " that is" : " that are") + " new still may";
  }
  if (!check.absent.empty() || !check.outdated.empty())
    text += "there are absent or outdated pods; ";
  if (!check.not_running.empty()) text += text_of(check.not_running) + "; ";
  if (!check.unpadded.empty()) text += text_of(check.unpadded) + "; ";
  if (verdicts.fail) {
    text += std::to_string(verdicts.critical);
    text += verdicts.critical == 1 ? " critical verdict; " : " critical verdicts; ";
  }
  return text + "look up the payload";
}

}  // namespace

http::Response check_connectivity(Parts& parts, const http::Request& request) {
  const ConnectivityCheck check =
      parts.agents.with([](const AgentTable& table) { return table.check(now()); });
  const FailingVerdicts verdicts = verdicts_of(parts);
  const ClusterWords cluster = cluster_words(parts);
  const bool ok = check.ok() && !verdicts.fail && cluster.unknown.empty();
  std::string json = "{\"Message\":";
  append_json_string(json, message_of(check, verdicts, cluster));
  append_list(json, "Absent", check.absent, ok);
  append_list(json, "Outdated", check.outdated, ok);
  // netchecker has no such lists: they are there only while there is something to say.
  if (!verdicts.texts.empty()) append_list(json, "Verdicts", verdicts.texts, false);
  if (!check.unpadded.empty()) {
    std::vector<std::string> names;
    for (const ConnectivityCheck::Unpadded& agent : check.unpadded) names.push_back(agent.name);
    append_list(json, "Unpadded", names, false);
  }
  json += '}';
  const bool always = request.query_value("status") == "200";
  return http::Response::json(std::move(json), ok || always ? 200 : 400);
}

}  // namespace meshcheck::server

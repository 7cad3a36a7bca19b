#include "meshctl/check_document.h"

#include <algorithm>
#include <array>
#include <map>

#include "meshctl/program.h"
#include "meshctl/text.h"
#include "meshctl/verdict_document.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::array<std::string_view, 3> kLists = {"Absent", "Outdated", "Unpadded"};

std::string_view trouble_of(std::string_view list) {
  if (list == "Absent") return "absent";
  return list == "Outdated" ? "outdated" : "large packets are lost";
}

const Json& open_verdicts(const CheckAnswers& answers) {
  return member_at(answers.verdicts, "verdicts");
}

bool has_severity(const CheckAnswers& answers, std::string_view severity) {
  const Json& verdicts = open_verdicts(answers);
  return std::any_of(verdicts.begin(), verdicts.end(),
                     [&](const Json& verdict) { return text_at(verdict, "severity") == severity; });
}

// Without what only says where to look.
std::string reason_of(const Json& check) {
  std::string text = text_at(check, "Message");
  constexpr std::string_view kStart = "Connectivity check fails. Reason: ";
  constexpr std::string_view kEnd = "; look up the payload";
  if (text.rfind(kStart, 0) == 0) text.erase(0, kStart.size());
  if (text.size() >= kEnd.size() &&
      text.compare(text.size() - kEnd.size(), kEnd.size(), kEnd) == 0) {
    text.erase(text.size() - kEnd.size());
  }
  return text;
}

Paint paint_of(Health health) {
  switch (health) {
    case Health::kOk:
      return Paint::kGood;
    case Health::kBroken:
      return Paint::kBad;
    case Health::kWarning:
    case Health::kUnknown:
      break;
  }
  return Paint::kWarning;
}

Json lower_keys(const CheckAnswers& answers) {
  Json tree;
  tree["state"] = text_of(health_of(answers));
  tree["message"] = text_at(answers.check, "Message");
  tree["absent"] = texts_at(answers.check, "Absent");
  tree["outdated"] = texts_at(answers.check, "Outdated");
  tree["unpadded"] = texts_at(answers.check, "Unpadded");
  tree["verdicts"] = open_verdicts(answers);
  return tree;
}

void add_agents(const CheckAnswers& answers, const Style& style, Document& document) {
  for (const std::string_view list : kLists) {
    const auto names = texts_at(answers.check, list);
    if (names.empty()) continue;
    document.lead += style.paint(Paint::kBad, "agents " + std::string(trouble_of(list))) + "  ";
    for (const std::string& name : names) {
      document.lead += (&name == &names.front() ? "" : ", ") + printable(name);
      document.names.push_back("agent/" + name);
      document.table.rows.push_back({"agent", name,
                                     Cell(std::string(trouble_of(list)), Paint::kBad), "",
                                     std::string(trouble_of(list)), ""});
    }
    document.lead += '\n';
  }
}

}  // namespace

Health health_of(const CheckAnswers& answers) {
  const auto listed = [&](std::string_view list) { return !texts_at(answers.check, list).empty(); };
  if (std::any_of(kLists.begin(), kLists.end(), listed) || has_severity(answers, "critical")) {
    return Health::kBroken;
  }
  if (text_at(answers.check, "Message").rfind("All ", 0) != 0) return Health::kUnknown;
  return has_severity(answers, "warning") ? Health::kWarning : Health::kOk;
}

std::string_view text_of(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarning:
      return "warning";
    case Health::kBroken:
      return "broken";
    case Health::kUnknown:
      break;
  }
  return "unknown";
}

int exit_code(Health health, FailOn fail_on) {
  if (health == Health::kUnknown) return kUnknown;
  if (fail_on == FailOn::kNone || health == Health::kOk) return kFine;
  return health == Health::kBroken || fail_on == FailOn::kWarning ? kBroken : kFine;
}

Document check_document(const CheckAnswers& answers, const Style& style, WallTime now) {
  Document document;
  const Health health = health_of(answers);
  document.tree = lower_keys(answers);
  document.table_shown = false;
  document.table.columns = {{.name = "what"},  {.name = "name"},     {.name = "severity"},
                            {.name = "layer"}, {.name = "sentence"}, {.name = "next_command"}};
  document.lead = style.paint(paint_of(health), text_of(health)) + ": " +
                  printable(reason_of(answers.check)) + '\n';
  for (const Json& verdict : open_verdicts(answers)) {
    const std::string severity = text_at(verdict, "severity");
    document.lead += verdict_lines(verdict, style, now);
    document.names.push_back(verdict_name(verdict));
    document.table.rows.push_back({"verdict", text_at(verdict, "subject"),
                                   Cell(severity, severity_paint(severity)),
                                   text_at(verdict, "layer"), text_at(verdict, "sentence"),
                                   text_at(verdict, "next_command")});
  }
  add_agents(answers, style, document);
  if (answers.agents.is_object()) document.junit = junit_of(answers);
  return document;
}

JunitReport junit_of(const CheckAnswers& answers) {
  // By layer and node, in natural order; what fails there.
  struct Natural {
    bool operator()(const std::string& a, const std::string& b) const { return natural_less(a, b); }
  };
  std::map<std::string, std::map<std::string, JunitCase, Natural>> layers;
  JunitCase everybody{.name = "all agents report", .failures = {}};
  for (const auto& [name, record] : answers.agents.items()) {
    const std::string layer = text_at(member_at(record, "mesh"), "layer");
    const std::string node = text_at(record, "nodename");
    const std::string network = layer.empty() ? "pod" : layer;
    std::string& name_of_case = layers[network][node].name;
    name_of_case = node;
    name_of_case.append(" ").append(network).append(" network");
  }
  for (const std::string_view list : kLists) {
    for (const std::string& name : texts_at(answers.check, list)) {
      everybody.failures.push_back(name + ": " + std::string(trouble_of(list)));
    }
  }
  JunitCase rest{.name = "no fault of the whole cluster", .failures = {}};
  for (const Json& verdict : open_verdicts(answers)) {
    if (text_at(verdict, "severity") != "critical") continue;
    bool placed = false;
    for (auto& [layer, nodes] : layers) {
      const std::string where = text_at(verdict, "layer");
      if (where != "both" && where != layer) continue;
      for (const Json& end : member_at(verdict, "ends")) {
        const auto node = nodes.find(text_at(end, "node"));
        if (node == nodes.end()) continue;
        node->second.failures.push_back(text_at(verdict, "sentence"));
        placed = true;
      }
    }
    if (!placed) rest.failures.push_back(text_at(verdict, "sentence"));
  }
  if (health_of(answers) == Health::kUnknown)
    everybody.failures.push_back(reason_of(answers.check));
  JunitReport report{.name = "meshcheck",
                     .suites = {{.name = "cluster", .cases = {everybody, rest}}}};
  for (auto& [layer, nodes] : layers) {
    JunitSuite suite{.name = layer, .cases = {}};
    for (auto& [node, one] : nodes) suite.cases.push_back(std::move(one));
    report.suites.push_back(std::move(suite));
  }
  return report;
}

}  // namespace meshcheck::meshctl

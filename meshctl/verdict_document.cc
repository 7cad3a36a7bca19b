#include "meshctl/verdict_document.h"

#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::string_view kExplained = "doc/operate/verdicts.md#kinds";

std::string evidence_of(const Json& verdict) {
  std::string all;
  for (const std::string& one : texts_at(verdict, "evidence"))
    all += (all.empty() ? "" : "; ") + one;
  return all;
}

}  // namespace

std::string verdict_name(const Json& verdict) {
  return "verdict/" + std::to_string(integer_at(verdict, "id"));
}

std::string verdict_lines(const Json& verdict, const Style& style, WallTime now) {
  const std::string severity = text_at(verdict, "severity");
  std::string lines = style.paint(severity_paint(severity), printable(severity)) + "  " +
                      printable(text_at(verdict, "sentence")) + "  (" +
                      ago(text_at(verdict, "opened"), now) + ")\n";
  const std::string next = text_at(verdict, "next_command");
  if (!next.empty()) lines += "  run: " + printable(next) + '\n';
  return lines + "  see: " + std::string(kExplained) + ", " + printable(text_at(verdict, "kind")) +
         '\n';
}

Document verdicts_document(const Json& answer, WallTime now) {
  Document document;
  document.tree = answer;
  document.table.columns = {{.name = "id", .right = true},
                            {.name = "state"},
                            {.name = "severity"},
                            {.name = "kind"},
                            {.name = "layer"},
                            {.name = "subject"},
                            {.name = "opened"},
                            {.name = "closed", .wide = true},
                            {.name = "sentence"},
                            {.name = "next_command", .wide = true},
                            {.name = "evidence", .wide = true}};
  for (const Json& verdict : member_at(answer, "verdicts")) {
    const std::string severity = text_at(verdict, "severity");
    const std::string opened = text_at(verdict, "opened");
    const std::string closed = text_at(verdict, "closed");
    document.names.push_back(verdict_name(verdict));
    document.table.rows.push_back(
        {std::to_string(integer_at(verdict, "id")), text_at(verdict, "state"),
         Cell(severity, severity_paint(severity)), text_at(verdict, "kind"),
         text_at(verdict, "layer"), text_at(verdict, "subject"),
         Cell(ago(opened, now)).with_value(opened),
         Cell(closed.empty() ? "" : ago(closed, now)).with_value(closed),
         text_at(verdict, "sentence"), text_at(verdict, "next_command"), evidence_of(verdict)});
  }
  if (document.names.empty()) {
    document.table_shown = false;
    document.lead = "no verdict is open\n";
  }
  return document;
}

}  // namespace meshcheck::meshctl

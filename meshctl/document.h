// The output of a command, and its text in each format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "meshctl/json.h"
#include "meshctl/junit.h"
#include "meshctl/style.h"
#include "meshctl/table.h"

namespace meshcheck::meshctl {

enum class Format : std::uint8_t { kTable, kWide, kJson, kYaml, kName, kCsv, kJunit };

inline constexpr std::string_view kFormatNames = "table, wide, json, yaml, name, csv, junit";
std::optional<Format> format_of(std::string_view name);

// For people: `lead`, then the table, then `tail`. `lead` and `tail` end with a newline, and have
// their colours.
struct Document {  // NOLINT(bugprone-exception-escape): the JSON library asserts as it moves.
  Json tree;
  Table table;
  bool table_shown = true;  // False: -o table has `lead` and `tail` alone.
  std::string lead;
  std::string tail;
  std::vector<std::string> names;  // "verdict/12"
  std::optional<JunitReport> junit;
};

// An error if the document has no such form.
Result<std::string> render(const Document& document, Format format, const Style& style);

}  // namespace meshcheck::meshctl

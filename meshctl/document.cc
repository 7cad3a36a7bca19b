#include "meshctl/document.h"

#include "lib/yaml/emit.h"

namespace meshcheck::meshctl {

std::optional<Format> format_of(std::string_view name) {
  if (name == "table") return Format::kTable;
  if (name == "wide") return Format::kWide;
  if (name == "json") return Format::kJson;
  if (name == "yaml") return Format::kYaml;
  if (name == "name") return Format::kName;
  if (name == "csv") return Format::kCsv;
  if (name == "junit") return Format::kJunit;
  return std::nullopt;
}

Result<std::string> render(const Document& document, Format format, const Style& style) {
  switch (format) {
    case Format::kTable:
    case Format::kWide: {
      std::string out = document.lead;
      const bool told =
          document.table_shown || (format == Format::kWide && !document.table.rows.empty());
      if (told && !document.table.empty()) {
        out += write_table(document.table, format == Format::kWide, style);
      }
      return out + document.tail;
    }
    case Format::kJson:
      return json_text(document.tree);
    case Format::kYaml:
      return yaml::text_of(document.tree);
    case Format::kName: {
      std::string out;
      for (const std::string& name : document.names) out += name + '\n';
      return out;
    }
    case Format::kCsv:
      return write_csv(document.table);
    case Format::kJunit:
      break;
  }
  if (!document.junit) return Error("-o junit: only check and wait have it");
  return write_junit(*document.junit);
}

}  // namespace meshcheck::meshctl

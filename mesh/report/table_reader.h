// Reads the tables of a report's `mesh`: a list of columns' names, and rows of cells.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "mesh/report/json_fields.h"

namespace meshcheck::mesh {

inline constexpr std::size_t kColumnsMax = 64;
inline constexpr std::size_t kToSizeMax = 259;
inline constexpr std::uint64_t kMillisecondsMax = std::uint64_t{1} << 50U;

// ---- cells

// One of the words of an enumeration whose text() names them in order.
template <typename Enum>
Result<void> read_word(const simdjson::dom::element& cell, std::size_t count, Enum& target) {
  std::string_view word;
  if (cell.get(word) == simdjson::SUCCESS) {
    for (std::size_t i = 0; i < count; ++i) {
      if (text(static_cast<Enum>(i)) != word) continue;
      target = static_cast<Enum>(i);
      return {};
    }
  }
  return Error("an unknown word");
}

template <typename Duration>
Result<void> read_time(const simdjson::dom::element& cell, Duration& target) {
  const auto number = read_number(cell, 0, kMillisecondsMax);
  if (!number) return number.error();
  target = Duration(static_cast<std::int64_t>(*number));
  return {};
}

template <typename Duration>
Result<void> read_optional_time(const simdjson::dom::element& cell,
                                std::optional<Duration>& target) {
  if (cell.is_null()) return {};
  return read_time(cell, target.emplace());
}

template <typename Integer>
Result<void> read_count(const simdjson::dom::element& cell, Integer& target) {
  const auto number = read_number(cell, 0, std::numeric_limits<Integer>::max());
  if (!number) return number.error();
  target = static_cast<Integer>(*number);
  return {};
}

inline Result<void> read_cell_text(const simdjson::dom::element& cell, std::size_t size_max,
                                   std::string& target) {
  std::string_view text;
  if (cell.get(text) != simdjson::SUCCESS || text.size() > size_max) {
    return Error("a text of at most " + std::to_string(size_max) + " bytes is expected");
  }
  target = text;
  return {};
}

// ---- tables

// A reader's description of a table.
struct TableFormat {
  std::span<const std::string_view> columns;
  std::size_t rows_max = 0;
};

// For each column that the table has, its index in `known`, or known.size().
inline Result<std::vector<std::size_t>> read_columns(const simdjson::dom::element& table,
                                                     std::span<const std::string_view> known) {
  simdjson::dom::array names;
  if (table["columns"].get(names) != simdjson::SUCCESS || names.size() > kColumnsMax) {
    return expected("columns", "a list of at most " + std::to_string(kColumnsMax));
  }
  std::vector<std::size_t> columns;
  for (const simdjson::dom::element item : names) {
    std::string_view name;
    if (item.get(name) != simdjson::SUCCESS) return expected("columns", "a list of texts");
    columns.push_back(
        static_cast<std::size_t>(std::find(known.begin(), known.end(), name) - known.begin()));
  }
  return columns;
}

// Appends a Row for each row. An absent table is an empty one. `read_row` gets the cells and the
// columns' indices, as many of each.
template <typename Row, typename ReadRow>
Result<void> read_table(const simdjson::dom::element& mesh, std::string_view key,
                        const TableFormat& format, ReadRow&& read_row, std::vector<Row>& target) {
  simdjson::dom::element table;
  if (mesh[key].get(table) != simdjson::SUCCESS) return {};
  if (!table.is_object()) return Error("an object is expected").within(key);
  const auto columns = read_columns(table, format.columns);
  if (!columns) return columns.error().within(key);
  simdjson::dom::array rows;
  if (table["rows"].get(rows) != simdjson::SUCCESS || rows.size() > format.rows_max) {
    return expected("rows", "a list of at most " + std::to_string(format.rows_max)).within(key);
  }
  target.reserve(rows.size());
  for (const simdjson::dom::element item : rows) {
    simdjson::dom::array cells;
    Result<Row> row = Error("a list with a value for each column is expected");
    if (item.get(cells) == simdjson::SUCCESS && cells.size() == columns->size()) {
      row = read_row(cells, *columns);
    }
    if (!row) {
      return row.error().within("rows[" + std::to_string(target.size()) + "]").within(key);
    }
    target.push_back(*std::move(row));
  }
  return {};
}

}  // namespace meshcheck::mesh

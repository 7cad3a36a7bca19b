// The one writer of tables.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meshctl/style.h"

namespace meshcheck::meshctl {

struct Column {
  std::string name;      // As a key: "from_node". People see "FROM NODE".
  bool wide = false;     // Only with -o wide, and in CSV.
  bool right = false;    // Numbers.
  bool machine = false;  // Only in CSV.
};

struct Cell {
  Cell(std::string shown, Paint colour = Paint::kNone) : text(std::move(shown)), paint(colour) {}
  Cell(const char* shown) : text(shown) {}
  // "-" for people, nothing for programs.
  static Cell none() { return Cell("-", Paint::kDim).with_value(""); }
  // The text for programs: a time, a number without its unit.
  Cell with_value(std::string raw) && {
    value = std::move(raw);
    return std::move(*this);
  }

  std::string text;
  std::optional<std::string> value;  // Nothing: as `text`.
  Paint paint = Paint::kNone;
};

// "U up"; for programs the state alone. Without a state as none().
Cell state_cell(std::string_view state);

// Each row has a cell for each column.
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;

  bool empty() const { return columns.empty(); }
};

// A line of names, then the rows; two spaces between columns, and none at the end of a line.
std::string write_table(const Table& table, bool wide, const Style& style);
// RFC 4180 with all columns.
std::string write_csv(const Table& table);

}  // namespace meshcheck::meshctl

#include "meshctl/table.h"

#include <algorithm>

#include "lib/base/csv.h"
#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

std::string heading(const std::string& name) {
  std::string out = name;
  for (char& c : out) {
    if (c == '_') c = ' ';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// Numbers of the columns that are shown.
std::vector<std::size_t> shown_columns(const Table& table, bool wide) {
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (!column.machine && (wide || !column.wide)) shown.push_back(i);
  }
  return shown;
}

void append_aligned(std::string& line, const std::string& painted, std::size_t blanks, bool right) {
  if (right) line.append(blanks, ' ');
  line += painted;
  if (!right) line.append(blanks, ' ');
  line += "  ";
}

void end_line(std::string& out, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

}  // namespace

Cell state_cell(std::string_view state) {
  if (state.empty()) return Cell::none();
  std::string text(1, state_letter(state));
  text += ' ';
  return Cell(text.append(state), state_paint(state)).with_value(std::string(state));
}

std::string write_table(const Table& table, bool wide, const Style& style) {
  const std::vector<std::size_t> shown = shown_columns(table, wide);
  std::vector<std::size_t> widths(table.columns.size());
  for (const std::size_t i : shown) {
    widths[i] = table.columns[i].name.size();
    for (const auto& row : table.rows) {
      widths[i] = std::max(widths[i], display_width(printable(row[i].text)));
    }
  }
  std::string out;
  std::string head;
  for (const std::size_t i : shown) {
    const std::string name = heading(table.columns[i].name);
    append_aligned(head, name, widths[i] - name.size(), table.columns[i].right);
  }
  end_line(out, head);
  for (const auto& row : table.rows) {
    std::string line;
    for (const std::size_t i : shown) {
      const std::string text = printable(row[i].text);
      append_aligned(line, style.paint(row[i].paint, text), widths[i] - display_width(text),
                     table.columns[i].right);
    }
    end_line(out, line);
  }
  return out;
}

std::string write_csv(const Table& table) {
  std::string out;
  for (const Column& column : table.columns) append_csv_cell(out, column.name);
  end_csv_row(out);
  for (const auto& row : table.rows) {
    for (const Cell& cell : row) append_csv_cell(out, cell.value.value_or(cell.text));
    end_csv_row(out);
  }
  return out;
}

}  // namespace meshcheck::meshctl

#include "meshctl/heat_map.h"

#include <algorithm>

#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::size_t kLabelMax = 24;
// Heading, legend, the note of rows that were cut, and the prompt that follows.
constexpr std::size_t kOtherLines = 5;

std::string_view state_at(const MeshGrid& grid, std::size_t row, std::size_t column) {
  const auto found = grid.cells.find({row, column});
  return found == grid.cells.end() ? std::string_view() : found->second.worst();
}

int colour_number(std::string_view state) {
  if (state == "up") return 2;
  if (state == "degraded") return 3;
  if (state == "down") return 1;
  return state.empty() ? 0 : 4;
}

bool is_bad(std::string_view state) {
  return state == "down" || state == "degraded";
}

// The upper and the lower row of the grid in one column. Those that fail have a sign, so that
// nobody has to tell red from green, on the colour of the worse.
std::string two_rows(std::string_view upper, std::string_view lower) {
  int front = colour_number(upper);
  int back = colour_number(lower);
  std::string sign = "\u2580";
  if (is_bad(upper) || is_bad(lower)) {
    sign = is_bad(upper) && is_bad(lower) ? "X" : is_bad(upper) ? "^" : "v";
    front = 0;
    back = colour_number(upper == "down" || !is_bad(lower) ? upper : lower);
  }
  return "\x1b[3" + std::to_string(front) + ";4" + std::to_string(back) + 'm' + sign;
}

std::string label_of(const MeshGrid& grid, std::size_t row, std::size_t width) {
  const std::string label = shorten(printable(grid.nodes[row]), width);
  return label + std::string(width - display_width(label) + 1, ' ');
}

std::string heading_of(const PairCounts& total, std::size_t nodes) {
  std::string text = counted(nodes, "node") + ", " +
                     counted(total.up + total.degraded + total.down + total.unknown, "pair") +
                     ": " + std::to_string(total.up) + " up, " + std::to_string(total.degraded) +
                     " degraded, " + std::to_string(total.down) + " down, " +
                     std::to_string(total.unknown) + " unknown\n";
  return text;
}

std::string legend_of(const Style& style) {
  std::string text = style.colour ? "row to column: " : "a row probes a column: ";
  for (const std::string_view state : {"up", "degraded", "down", "unknown"}) {
    const std::string letter = style.colour ? "" : std::string(1, state_letter(state)) + ' ';
    text += letter + style.paint(state_paint(state), state) + "  ";
  }
  return text + (style.colour ? "^ upper v lower X both rows fail\n" : ". no path\n");
}

Json tree_of(const PairCounts& counts) {
  return Json{{"state", counts.worst()},
              {"up", counts.up},
              {"degraded", counts.degraded},
              {"down", counts.down},
              {"unknown", counts.unknown}};
}

}  // namespace

std::string draw_heat_map(const MeshGrid& whole, const Style& style, bool all) {
  std::size_t longest = 0;
  for (const auto* names : {&whole.nodes, &whole.zones}) {
    for (const std::string& name : *names) {
      longest = std::max(longest, display_width(printable(name)));
    }
  }
  const std::size_t lines = std::max<std::size_t>(style.height, kOtherLines + 1) - kOtherLines;
  const std::size_t label_width = std::min({longest + 2, kLabelMax, style.width / 3});
  const std::size_t columns = std::max<std::size_t>(style.width, label_width + 2) - label_width - 1;
  const std::size_t fits = std::min(columns, style.colour ? 2 * lines : lines);
  const bool cut = !all && whole.nodes.size() > fits;
  const std::size_t zones = count_zones(whole);
  const bool by_zone = cut && zones > 1 && zones <= fits;
  const MeshGrid grid = by_zone ? grouped_by_zone(whole) : cut ? grouped(whole, fits) : whole;
  std::string out;
  const std::size_t step = style.colour ? 2 : 1;
  for (std::size_t row = 0; row < grid.nodes.size(); row += step) {
    out += label_of(grid, row, label_width);
    for (std::size_t column = 0; column < grid.nodes.size(); ++column) {
      const std::string_view state = state_at(grid, row, column);
      if (style.colour) {
        out += two_rows(state, state_at(grid, row + 1, column));
      } else {
        out += state_letter(state);
      }
    }
    out += style.colour ? "\x1b[0m\n" : "\n";
  }
  if (cut) {
    out += counted(whole.nodes.size(), "node") + " in " +
           counted(grid.nodes.size(), by_zone ? "zone" : "group") +
           ", each with its worst pair; --all has each node, --node NODE one row\n";
  }
  return out;
}

Document mesh_document(const MeshGrid& grid, const Style& style, const MeshQuestion& question) {
  Document document;
  document.table_shown = false;
  document.lead = heading_of(grid.total(), grid.nodes.size()) +
                  draw_heat_map(grid, style, question.all) + legend_of(style);
  document.tree = Json{{"layer", question.layer.empty() ? "both" : question.layer},
                       {"nodes", grid.nodes},
                       {"zones", grid.zones},
                       {"pairs", Json::array()}};
  Json& pairs = document.tree["pairs"];
  document.table.columns = {{.name = "from"},
                            {.name = "to"},
                            {.name = "state"},
                            {.name = "up", .right = true},
                            {.name = "degraded", .right = true},
                            {.name = "down", .right = true},
                            {.name = "unknown", .right = true}};
  for (const std::string& node : grid.nodes) document.names.push_back("node/" + node);
  for (const auto& [pair, counts] : grid.cells) {
    if (!question.all_pairs && counts.worst() == "up") continue;
    Json one{{"from", grid.nodes[pair.first]}, {"to", grid.nodes[pair.second]}};
    one.update(tree_of(counts));
    pairs.push_back(std::move(one));
    document.table.rows.push_back({grid.nodes[pair.first], grid.nodes[pair.second],
                                   state_cell(counts.worst()), std::to_string(counts.up),
                                   std::to_string(counts.degraded), std::to_string(counts.down),
                                   std::to_string(counts.unknown)});
  }
  return document;
}

Result<Document> mesh_row_document(const MeshGrid& grid, const std::string& node) {
  const auto found = std::find(grid.nodes.begin(), grid.nodes.end(), node);
  if (found == grid.nodes.end()) return Error("no path begins or ends at " + node);
  const auto self = static_cast<std::size_t>(found - grid.nodes.begin());
  Document document;
  document.tree = Json{{"node", node}, {"peers", Json::array()}};
  document.table.columns = {{.name = "node"}, {.name = "to_it"}, {.name = "from_it"}};
  for (std::size_t other = 0; other < grid.nodes.size(); ++other) {
    const auto out = grid.cells.find({self, other});
    const auto in = grid.cells.find({other, self});
    if (out == grid.cells.end() && in == grid.cells.end()) continue;
    const PairCounts to = out == grid.cells.end() ? PairCounts{} : out->second;
    const PairCounts from = in == grid.cells.end() ? PairCounts{} : in->second;
    document.names.push_back("node/" + grid.nodes[other]);
    document.tree["peers"].push_back(
        Json{{"node", grid.nodes[other]}, {"to_it", tree_of(to)}, {"from_it", tree_of(from)}});
    document.table.rows.push_back(
        {grid.nodes[other], state_cell(to.worst()), state_cell(from.worst())});
  }
  return document;
}

}  // namespace meshcheck::meshctl

#include "meshctl/mesh_grid.h"

#include <algorithm>

#include "meshctl/json.h"
#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::size_t kNodesMax = 65'536;  // Numbers of nodes have 16 bits.
constexpr std::size_t kStatesMax = 4;      // Two bits.
constexpr std::string_view kNotAsDocumented = "this is no grid: ";

struct GridCell {
  std::size_t from = 0;
  std::size_t to = 0;
  std::size_t state = 0;
};

// The grid of one layer, with the numbers that it has there.
struct LayerGrid {
  std::vector<std::pair<std::string, std::string>> nodes;  // Name and zone.
  std::vector<std::string> states;
  std::vector<GridCell> cells;
};

struct Node {
  std::string zone;
  std::size_t place = 0;
};
using Numbers = std::map<std::string, Node>;

Error no_grid(std::string_view why) {
  return Error(std::string(kNotAsDocumented).append(why));
}

std::size_t little_endian(std::string_view bytes) {
  std::size_t number = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    number = number << 8U | static_cast<unsigned char>(bytes[i - 1]);
  }
  return number;
}

Result<LayerGrid> read_head(const Json& head) {
  LayerGrid grid;
  const auto nodes = texts_at(head, "nodes");
  auto zones = texts_at(head, "zones");
  if (!member_at(head, "nodes").is_array()) return no_grid("it has no nodes");
  if (nodes.size() > kNodesMax) return no_grid("it has too many nodes");
  if (zones.size() != nodes.size()) return no_grid("it has not a zone for each node");
  for (std::size_t i = 0; i < nodes.size(); ++i) grid.nodes.emplace_back(nodes[i], zones[i]);
  grid.states = texts_at(head, "states");
  if (grid.states.size() != kStatesMax) return no_grid("it has other states");
  return grid;
}

// Columns that a newer server adds come behind these, and are not read.
Result<LayerGrid> read_layer(std::string_view body) {
  const std::size_t line = body.find('\n');
  if (line == std::string_view::npos) return no_grid("it has no first line");
  const auto head = parse_json(body.substr(0, line));
  if (!head) return no_grid("its first line is no JSON");
  auto grid = read_head(*head);
  if (!grid) return grid;
  const std::string_view columns = body.substr(line + 1);
  const std::size_t nodes = grid->nodes.size();
  const std::int64_t stated = integer_at(*head, "cells");
  if (stated < 0 || static_cast<std::size_t>(stated) > columns.size()) {
    return no_grid("it is cut off");
  }
  const auto cells = static_cast<std::size_t>(stated);
  if (columns.size() < 4 * nodes + 6 * cells) return no_grid("it is cut off");
  const std::string_view to = columns.substr(4 * nodes, 2 * cells);
  const std::string_view states = columns.substr(4 * nodes + 2 * cells, cells);
  grid->cells.reserve(cells);
  for (std::size_t from = 0; from < nodes; ++from) {
    const std::size_t end = little_endian(columns.substr(4 * from, 4));
    if (end < grid->cells.size() || end > cells)
      return no_grid("its rows do not follow each other");
    for (std::size_t i = grid->cells.size(); i < end; ++i) {
      const GridCell cell{.from = from,
                          .to = little_endian(to.substr(2 * i, 2)),
                          .state = static_cast<unsigned char>(states[i]) % kStatesMax};
      if (cell.to >= nodes) return no_grid("it has paths to no node");
      grid->cells.push_back(cell);
    }
  }
  if (grid->cells.size() != cells) return no_grid("it has cells of no row");
  return grid;
}

// The nodes by zone and in natural order; each gets its place there.
std::vector<const Numbers::value_type*> number(Numbers& numbers) {
  std::vector<Numbers::value_type*> order;
  for (auto& node : numbers) order.push_back(&node);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    if (a->second.zone != b->second.zone) return natural_less(a->second.zone, b->second.zone);
    return natural_less(a->first, b->first);
  });
  for (std::size_t i = 0; i < order.size(); ++i) order[i]->second.place = i;
  return {order.begin(), order.end()};
}

}  // namespace

void PairCounts::add(std::string_view state) {
  if (state == "up") {
    ++up;
  } else if (state == "degraded") {
    ++degraded;
  } else if (state == "down") {
    ++down;
  } else {
    ++unknown;
  }
}

PairCounts& PairCounts::operator+=(const PairCounts& other) {
  up += other.up;
  degraded += other.degraded;
  down += other.down;
  unknown += other.unknown;
  return *this;
}

std::string_view PairCounts::worst() const {
  if (down != 0) return "down";
  if (degraded != 0) return "degraded";
  if (unknown != 0) return "unknown";
  return up != 0 ? "up" : "";
}

PairCounts MeshGrid::total() const {
  PairCounts sum;
  for (const auto& [pair, counts] : cells) sum += counts;
  return sum;
}

Result<MeshGrid> read_grids(const std::vector<std::string>& bodies) {
  std::vector<LayerGrid> layers;
  Numbers numbers;
  for (const std::string& body : bodies) {
    auto layer = read_layer(body);
    if (!layer) return layer.error();
    layers.push_back(*std::move(layer));
    for (const auto& [name, zone] : layers.back().nodes) {
      std::string& known = numbers[name].zone;
      if (known.empty()) known = zone;
    }
  }
  MeshGrid grid;
  for (const Numbers::value_type* node : number(numbers)) {
    grid.nodes.push_back(node->first);
    grid.zones.push_back(node->second.zone);
  }
  for (const LayerGrid& layer : layers) {
    for (const GridCell& cell : layer.cells) {
      const std::string& from = layer.nodes[cell.from].first;
      const std::string& to = layer.nodes[cell.to].first;
      if (from == to) continue;  // Its other agent.
      grid.cells[{numbers.at(from).place, numbers.at(to).place}].add(layer.states[cell.state]);
    }
  }
  return grid;
}

MeshGrid grouped(const MeshGrid& grid, std::size_t groups) {
  const std::size_t count = grid.nodes.size();
  if (groups == 0 || groups >= count) return grid;
  MeshGrid out;
  for (std::size_t group = 0; group < groups; ++group) {
    // The first node i with i * groups / count == group.
    const std::size_t first = (group * count + groups - 1) / groups;
    const std::size_t next = ((group + 1) * count + groups - 1) / groups;
    out.nodes.push_back(grid.nodes[first] + (next == first + 1 ? "" : ".."));
  }
  for (const auto& [pair, counts] : grid.cells) {
    out.cells[{pair.first * groups / count, pair.second * groups / count}] += counts;
  }
  return out;
}

std::size_t count_zones(const MeshGrid& grid) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < grid.zones.size(); ++i) {
    if (i == 0 || grid.zones[i] != grid.zones[i - 1]) ++count;
  }
  return count;
}

MeshGrid grouped_by_zone(const MeshGrid& grid) {
  MeshGrid out;
  std::vector<std::size_t> group_of;
  for (std::size_t i = 0; i < grid.zones.size(); ++i) {
    const std::string& zone = grid.zones[i];
    if (i == 0 || zone != grid.zones[i - 1]) {
      out.nodes.push_back(zone.empty() ? "no zone" : zone);
      out.zones.push_back(zone);
    }
    group_of.push_back(out.nodes.size() - 1);
  }
  for (const auto& [pair, counts] : grid.cells) {
    out.cells[{group_of[pair.first], group_of[pair.second]}] += counts;
  }
  return out;
}

}  // namespace meshcheck::meshctl

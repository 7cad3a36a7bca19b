#include "meshctl/mesh_grid.h"

#include <algorithm>
#include <tuple>

#include "meshctl/json.h"
#include "meshctl/text.h"

namespace meshcheck::meshctl {

void PathCounts::add(std::string_view state) {
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

PathCounts& PathCounts::operator+=(const PathCounts& other) {
  up += other.up;
  degraded += other.degraded;
  down += other.down;
  unknown += other.unknown;
  return *this;
}

std::string_view PathCounts::worst() const {
  if (down != 0) return "down";
  if (degraded != 0) return "degraded";
  if (unknown != 0) return "unknown";
  return up != 0 ? "up" : "";
}

PathCounts MeshGrid::total() const {
  PathCounts sum;
  for (const auto& [pair, counts] : cells) sum += counts;
  return sum;
}

Result<MeshGrid> read_mesh(std::string_view body) {
  struct Natural {
    bool operator()(const std::string& a, const std::string& b) const { return natural_less(a, b); }
  };
  std::map<std::string, std::size_t, Natural> numbers;  // In the order of appearance, at first.
  std::vector<std::tuple<std::size_t, std::size_t, PathCounts>> paths;
  const auto number_of = [&](const std::string& node) {
    return numbers.emplace(node, numbers.size()).first->second;
  };
  const auto read = parse_rows(body, [&](const Json& path) {
    const std::string from = text_at(path, "from_node");
    const std::string to = text_at(path, "to_node");
    if (from.empty() || to.empty()) return false;  // Its other end is not held.
    PathCounts counts;
    counts.add(text_at(path, "state"));
    const std::size_t row = number_of(from);
    paths.emplace_back(row, number_of(to), counts);
    return false;
  });
  if (!read) return read.error();
  if (!read->is_object() || !read->contains("paths")) return Error("this is no mesh");
  MeshGrid grid;
  std::vector<std::size_t> places(numbers.size());
  for (const auto& [node, number] : numbers) {
    places[number] = grid.nodes.size();
    grid.nodes.push_back(node);
  }
  for (const auto& [from, to, counts] : paths) grid.cells[{places[from], places[to]}] += counts;
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

}  // namespace meshcheck::meshctl

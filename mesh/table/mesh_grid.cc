#include "mesh/table/mesh_grid.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "lib/base/json_writer.h"
#include "lib/base/random.h"
#include "mesh/pmtu/fragmentation.h"

namespace meshcheck::mesh {
namespace {

constexpr JsonBound kUnbounded{.items_max = MeshGrid::kNodesMax, .bytes_max = std::size_t(-1)};

std::uint8_t rtt_level(std::uint32_t time_us) {
  if (time_us == PathRow::kNever) return 0;
  std::uint8_t level = 1;
  while (level < kRttLevels && time_us > rtt_bound(level).count()) ++level;
  return level;
}

std::uint8_t loss_level(const PathRow& row) {
  if (row.sent == 0) return 0;
  const double percent = 100.0 * row.lost / row.sent;
  const auto bound = std::lower_bound(kLossBounds.begin(), kLossBounds.end() - 1, percent);
  return static_cast<std::uint8_t>(1 + (bound - kLossBounds.begin()));
}

// As declared, from kUnknown to kDown, is from better to worse but for these two.
unsigned badness(FragmentationClass sizes) {
  if (sizes == FragmentationClass::kBlackHole) return 5;
  if (sizes == FragmentationClass::kFragmentsDropped) return 4;
  return static_cast<unsigned>(sizes);
}

FragmentationClass worse(FragmentationClass a, FragmentationClass b) {
  return badness(a) < badness(b) ? b : a;
}

template <typename Number>
void append_little_endian(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) {
    out += static_cast<char>(static_cast<std::uint8_t>(number >> (8 * i)));
  }
}

// `"states":["unknown",...]`: what the numbers of a column mean.
template <typename Enum>
void append_names(std::string& out, std::string_view key, Enum last) {
  append_json_key(out, key);
  out += '[';
  for (unsigned value = 0; value <= static_cast<unsigned>(last); ++value) {
    if (value != 0) out += ',';
    append_json_string(out, text(static_cast<Enum>(value)));
  }
  out += ']';
}

}  // namespace

unsigned badness(PathState state) {
  switch (state) {
    case PathState::kUp:
      return 0;
    case PathState::kUnknown:
      return 1;
    case PathState::kDegraded:
      return 2;
    case PathState::kDown:
      return 3;
  }
  return 0;
}

std::chrono::microseconds rtt_bound(std::size_t level) {
  return std::chrono::microseconds(
      std::llround(50 * std::exp2(static_cast<double>(level - 1) / 2)));
}

std::uint32_t MeshGrid::number_of(std::string_view node) {
  const auto found = nodes_.find(node);
  if (found != nodes_.end()) return found->second.number;
  if (nodes_.size() == kNodesMax) return kNodesMax;
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace(node, Node{.zone = {}, .number = number});
  return number;
}

void MeshGrid::add(const PathView& path, std::string_view from_zone) {
  if (path.from.layer != layer_ || !path.row.between_agents()) return;
  if (path.from_node.empty() || path.to_node.empty()) return;
  sorted_ = false;
  Cell cell{.from = number_of(path.from_node),
            .to = number_of(path.to_node),
            .state = path.judgement.state,
            .cut = path.judgement.cut,
            .rtt = rtt_level(path.row.p50_us),
            .loss = loss_level(path.row)};
  if (cell.from == kNodesMax || cell.to == kNodesMax) {
    ++left_out_;
    return;
  }
  if (path.mtu != nullptr) {
    cell.forward = path.pmtu_judgement.ways.forward.fragmentation_class;
    cell.backward = path.pmtu_judgement.ways.backward.fragmentation_class;
  }
  nodes_.find(path.from_node)->second.zone = from_zone;
  cells_.push_back(cell);
}

void MeshGrid::add(const PairState& pair) {
  sorted_ = false;
  const Cell cell{
      .from = number_of(pair.from), .to = number_of(pair.to), .state = pair.state, .cut = pair.cut};
  if (cell.from == kNodesMax || cell.to == kNodesMax) {
    ++left_out_;
    return;
  }
  nodes_.find(pair.from)->second.zone = pair.from_zone;
  nodes_.find(pair.to)->second.zone = pair.to_zone;
  cells_.push_back(cell);
}

void MeshGrid::visit(const std::function<void(const PairState&)>& visitor) {
  const auto order = sort();
  for (const Cell& cell : cells_) {
    const auto& [from, from_node] = *order[cell.from];
    const auto& [to, to_node] = *order[cell.to];
    visitor({.from = from,
             .to = to,
             .from_zone = from_node.zone,
             .to_zone = to_node.zone,
             .state = cell.state,
             .cut = cell.cut});
  }
}

std::vector<MeshGrid::Nodes::pointer> MeshGrid::sort() {
  std::vector<Nodes::pointer> order;
  for (auto& node : nodes_) order.push_back(&node);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->second.zone < b->second.zone; });
  if (std::exchange(sorted_, true)) return order;
  std::vector<std::uint32_t> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[std::exchange(order[i]->second.number, static_cast<std::uint32_t>(i))] =
        static_cast<std::uint32_t>(i);
  }
  sort_cells(place);
  return order;
}

// `place`: the new number of each node.
void MeshGrid::sort_cells(const std::vector<std::uint32_t>& place) {
  for (Cell& cell : cells_) {
    cell.from = place[cell.from];
    cell.to = place[cell.to];
  }
  std::sort(cells_.begin(), cells_.end(), [](const Cell& a, const Cell& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  std::size_t kept = 0;
  for (const Cell& cell : cells_) {
    const bool again =
        kept > 0 && cells_[kept - 1].from == cell.from && cells_[kept - 1].to == cell.to;
    if (again) {
      merge(cells_[kept - 1], cell);
    } else {
      cells_[kept++] = cell;
    }
  }
  cells_.resize(kept);
}

GridCells MeshGrid::cells() {
  GridCells made{.head = left_out_, .cells = {}};
  for (const auto* node : sort()) {
    made.head = hash(hash(made.head, node->first), node->second.zone);
  }
  made.cells = pack();
  return made;
}

std::vector<GridCell> MeshGrid::pack() const {
  const auto byte = [](unsigned number) { return static_cast<std::uint8_t>(number); };
  std::vector<GridCell> packed;
  packed.reserve(cells_.size());
  for (const Cell& cell : cells_) {
    packed.push_back(
        {.from = static_cast<std::uint16_t>(cell.from),
         .to = static_cast<std::uint16_t>(cell.to),
         .state = byte(static_cast<unsigned>(cell.state) | static_cast<unsigned>(cell.cut) << 2U),
         .sizes =
             byte(static_cast<unsigned>(cell.forward) | static_cast<unsigned>(cell.backward) << 4U),
         .rtt = cell.rtt,
         .loss = cell.loss});
  }
  return packed;
}

void MeshGrid::merge(Cell& into, const Cell& other) {
  if (badness(other.state) > badness(into.state)) {
    into.state = other.state;
    into.cut = other.cut;
  } else if (other.state == into.state && other.cut != into.cut) {
    into.cut = into.state == PathState::kDown ? Cut::kBoth : Cut::kUnknown;
  }
  into.forward = worse(into.forward, other.forward);
  into.backward = worse(into.backward, other.backward);
  into.rtt = std::max(into.rtt, other.rtt);
  into.loss = std::max(into.loss, other.loss);
}

std::string MeshGrid::write(std::string_view time, std::string_view at) {
  const auto order = sort();
  std::string out = "{";
  append_json_member(out, "time", time);
  if (!at.empty()) append_json_member(out, "at", at);
  append_json_member(out, "layer", text(layer_));
  append_json_key(out, "nodes");
  out += '[';
  append_json_items(out, order, kUnbounded,
                    [&](const auto* node) { append_json_string(out, node->first); });
  out += "],\"zones\":[";
  append_json_items(out, order, kUnbounded,
                    [&](const auto* node) { append_json_string(out, node->second.zone); });
  out += ']';
  append_names(out, "states", PathState::kDown);
  append_names(out, "directions", Cut::kUnknown);
  append_names(out, "classes", FragmentationClass::kDown);
  append_json_key(out, "rtt_bounds_us");
  out += '[';
  for (std::size_t level = 1; level <= kRttLevels; ++level) {
    if (level > 1) out += ',';
    out += std::to_string(rtt_bound(level).count());
  }
  out += "],\"loss_bounds_percent\":[";
  for (std::size_t i = 0; i < kLossBounds.size(); ++i) {
    if (i > 0) out += ',';
    append_json_number(out, kLossBounds[i]);
  }
  out += ']';
  append_json_number(out, "cells", std::uint64_t{cells_.size()});
  append_json_number(out, "paths_left_out", std::uint64_t{left_out_});
  // Blanks before the end, so that the columns begin at a multiple of four bytes.
  out.append((4 - (out.size() + 2) % 4) % 4, ' ');
  out += "}\n";
  const std::vector<GridCell> packed = pack();
  std::vector<std::uint32_t> row_ends(order.size());
  for (const GridCell& cell : packed) ++row_ends[cell.from];
  std::partial_sum(row_ends.begin(), row_ends.end(), row_ends.begin());
  for (const std::uint32_t end : row_ends) append_little_endian(out, end);
  for (const GridCell& cell : packed) append_little_endian(out, cell.to);
  for (const auto column : {&GridCell::state, &GridCell::sizes, &GridCell::rtt, &GridCell::loss}) {
    for (const GridCell& cell : packed) out += static_cast<char>(cell.*column);
  }
  nodes_.clear();
  cells_.clear();
  left_out_ = 0;
  return out;
}

}  // namespace meshcheck::mesh

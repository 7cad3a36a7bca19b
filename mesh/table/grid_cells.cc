#include "mesh/table/grid_cells.h"

#include <utility>

namespace meshcheck::mesh {
namespace {

std::pair<std::uint16_t, std::uint16_t> place_of(const GridCell& cell) {
  return {cell.from, cell.to};
}

class ChangeList {
 public:
  void add(const GridCell& cell, bool is_gone) {
    json_ += ++count_ == 1 ? '[' : ',';
    json_ += '[';
    append(cell.from);
    json_ += ',';
    append(cell.to);
    if (!is_gone) {
      for (const unsigned number : {cell.state, cell.sizes, cell.rtt, cell.loss}) {
        json_ += ',';
        append(number);
      }
    }
    json_ += ']';
  }
  std::size_t count() const { return count_; }
  std::string take() { return count_ == 0 ? "[]" : std::move(json_) + ']'; }

 private:
  void append(unsigned number) { json_ += std::to_string(number); }

  std::string json_;
  std::size_t count_ = 0;
};

}  // namespace

std::optional<std::string> changes_of(const GridCells& before, const GridCells& after,
                                      std::size_t changes_max) {
  if (before.head != after.head) return std::nullopt;
  ChangeList list;
  auto was = before.cells.begin();
  auto is = after.cells.begin();
  while (was != before.cells.end() || is != after.cells.end()) {
    const bool gone =
        is == after.cells.end() || (was != before.cells.end() && place_of(*was) < place_of(*is));
    if (gone) {
      list.add(*was++, true);
    } else {
      const bool known = was != before.cells.end() && place_of(*was) == place_of(*is);
      if (!known || *was != *is) list.add(*is, false);
      if (known) ++was;
      ++is;
    }
    if (list.count() > changes_max) return std::nullopt;
  }
  return list.take();
}

}  // namespace meshcheck::mesh

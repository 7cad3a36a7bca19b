#include "mesh/table/name_table.h"

#include <cassert>

namespace meshcheck::mesh {

std::optional<NameTable::Id> NameTable::acquire(std::string_view text, Use use) {
  if (text.empty()) return kNone;
  if (const auto known = ids_.find(text); known != ids_.end()) {
    ++entries_[known->second].uses;
    return known->second;
  }
  const std::size_t kept = use == Use::kAgent ? 0 : names_max_ / 8;
  if (ids_.size() >= names_max_ - kept) {
    ++refused_;
    return std::nullopt;
  }
  Id id = static_cast<Id>(entries_.size());
  if (free_.empty()) {
    entries_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  const auto added = ids_.emplace(text, id).first;
  entries_[id] = {.text = &added->first, .uses = 1};
  text_size_ += text.size();
  return id;
}

void NameTable::release(Id id) {
  if (id == kNone) return;
  Entry& entry = entries_[id];
  assert(entry.uses > 0);
  if (--entry.uses != 0) return;
  text_size_ -= entry.text->size();
  ids_.erase(ids_.find(*entry.text));
  entry.text = nullptr;
  free_.push_back(id);
}

std::optional<NameTable::Id> NameTable::find(std::string_view text) const {
  const auto known = ids_.find(text);
  return known == ids_.end() ? std::nullopt : std::optional(known->second);
}

}  // namespace meshcheck::mesh

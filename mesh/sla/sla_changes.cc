#include "mesh/sla/sla_changes.h"

#include <algorithm>

namespace meshcheck::sla {

std::uint64_t SlaTracker::changed(const Key& key) {
  if (!enabled_) return 0;
  std::uint64_t& number = numbers_[key];
  if (number > taken_) return number;
  number = ++last_;
  keys_.emplace(number, key);
  return number;
}

std::uint64_t SlaTracker::waiting(const Key& key) const {
  const auto found = numbers_.find(key);
  return found == numbers_.end() ? 0 : found->second;
}

void SlaTracker::written(std::uint64_t last) {
  while (!keys_.empty() && keys_.begin()->first <= last) {
    const auto entry = keys_.begin();
    const auto number = numbers_.find(entry->second);
    if (number != numbers_.end() && number->second == entry->first) numbers_.erase(number);
    keys_.erase(entry);
  }
  written_ = std::max(written_, last);
}

}  // namespace meshcheck::sla

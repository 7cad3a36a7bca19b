// Which keys changed and are not written yet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>

namespace meshcheck {

// Each key once, in the order of its last change. Changes are numbered from 1, so that whoever has
// to wait for the disk knows what for. A key that changes again before it was taken keeps its
// number; one that was taken meanwhile gets a new one. Holds keys alone: what is written is what
// the owner has of the key when it is taken. Knows no lock: its owner guards it. Bound: `keys_max`;
// beyond it the key that changed first is forgotten.
template <typename Key>
class ChangeSet {
 public:
  // 0: nothing is noted, because nobody writes.
  explicit ChangeSet(std::size_t keys_max = std::numeric_limits<std::size_t>::max())
      : keys_max_(keys_max) {}
  ChangeSet(ChangeSet&&) noexcept = default;
  ChangeSet& operator=(ChangeSet&&) noexcept = default;
  ~ChangeSet() = default;

  // The number of the key's change; 0: it is not noted.
  std::uint64_t add(const Key& key) {
    if (keys_max_ == 0) return 0;
    const auto position = numbers_.try_emplace(key, 0).first;
    std::uint64_t& number = position->second;
    if (number > taken_) return number;
    if (number != 0) keys_.erase(number);
    number = ++last_;
    keys_.emplace(number, position);
    if (keys_.size() > keys_max_) forget_first();
    return last_;
  }

  // Of the key's change that is not written; 0: there is none.
  std::uint64_t number_of(const Key& key) const {
    const auto found = numbers_.find(key);
    return found == numbers_.end() ? 0 : found->second;
  }

  // Calls visit(key) for the next `max` keys that were not taken. The number of the last one that
  // was ever taken, which is what written() wants to know.
  template <typename Visit>
  std::uint64_t take(std::size_t max, Visit visit) {
    for (auto next = keys_.upper_bound(taken_); next != keys_.end() && max > 0; ++next, --max) {
      taken_ = next->first;
      visit(next->second->first);
    }
    return taken_;
  }

  // All changes up to `last` are on disk. REQUIRES: nothing that was taken by then has failed.
  void written(std::uint64_t last) {
    while (!keys_.empty() && keys_.begin()->first <= last) forget_first();
    written_ = std::max(written_, last);
  }

  // What was taken since the last written() could not be written: it will be taken again, first.
  void put_back() { taken_ = written_; }

  // There is nothing to write of the key any more.
  void erase(const Key& key) {
    const auto found = numbers_.find(key);
    if (found == numbers_.end()) return;
    keys_.erase(found->second);
    numbers_.erase(found);
  }

  // Of the keys that are not written, those among them that are taken.
  std::size_t size() const { return keys_.size(); }

 private:
  using Numbers = std::map<Key, std::uint64_t>;

  void forget_first() {
    const auto first = keys_.begin();
    numbers_.erase(first->second);
    keys_.erase(first);
  }

  std::size_t keys_max_;
  Numbers numbers_;
  std::map<std::uint64_t, typename Numbers::iterator> keys_;  // By number.
  std::uint64_t last_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace meshcheck

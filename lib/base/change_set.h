// The keys that changed and are not written yet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>

namespace meshcheck {

// Each key once, in the order of its last change. Changes are numbered from 1, so that a caller can
// wait until its change is on disk. A key that changes again before it was taken keeps its number;
// one that was taken meanwhile gets a new one. Holds keys alone: the owner writes the value that it
// has when the key is taken. Has no lock: its owner guards it. Bound: `keys_max`; beyond it the key
// that changed first is forgotten.
template <typename Key>
class ChangeSet {
 public:
  // 0: nothing is noted, since nothing is ever written.
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

  // The number of the key's unwritten change; 0: there is none.
  std::uint64_t number_of(const Key& key) const {
    const auto found = numbers_.find(key);
    return found == numbers_.end() ? 0 : found->second;
  }

  // Calls visit(key) for the next `max` keys that were not taken. Returns the number of the last
  // change ever taken, for written().
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

  // The keys taken since the last written() could not be written: they will be taken again, first.
  void put_back() { taken_ = written_; }

  // The key needs no writing any more.
  void erase(const Key& key) {
    const auto found = numbers_.find(key);
    if (found == numbers_.end()) return;
    keys_.erase(found->second);
    numbers_.erase(found);
  }

  // How many keys are not written, taken ones included.
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

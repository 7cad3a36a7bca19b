// Agents whose pods are not known: the watch may be late, or cut off.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "lib/base/time.h"

namespace meshcheck::server {

// Pure. A name is admitted for `patience` from its first report on; then it is refused as long as
// it goes on reporting. Bounded by names_max of about 100 bytes each; further ones are refused.
class Newcomers {
 public:
  static constexpr std::size_t kNamesMax = 10'000;

  // Whether the report of `name` is to be taken.
  bool admit(std::string_view name, std::chrono::seconds patience, Clock::time_point now);
  // While new pods cannot be known, no name's time runs.
  void set_open_ended(bool open_ended) { open_ended_ = open_ended; }
  bool open_ended() const { return open_ended_; }
  bool knows(std::string_view name) const { return names_.contains(name); }
  void forget(std::string_view name);
  // Forgets names that are silent for longer than `silence`.
  void forget_silent(std::chrono::seconds silence, Clock::time_point now);
  std::size_t size() const { return names_.size(); }

 private:
  struct Seen {
    Clock::time_point first;
    Clock::time_point last;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
  };

  std::unordered_map<std::string, Seen, Hash, std::equal_to<>> names_;
  bool open_ended_ = false;
};

}  // namespace meshcheck::server

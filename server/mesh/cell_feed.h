// What changed from one grid of a layer to the next, for clients that listen.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace meshcheck::server {

// Bounded by events, each of which is bounded by who makes it. An event names the grid that it goes
// on from, so a client that misses one notices. Has no lock: its owner guards it.
class CellFeed {
 public:
  // 20 s: a client that is further behind reads the grid.
  static constexpr std::size_t kEventsMax = 4;

  void add(std::string json) {
    ++last_number_;
    events_.push_back(std::move(json));
    if (events_.size() > kEventsMax) events_.pop_front();
  }

  // The oldest event that is kept behind the one whose number is `after`, which becomes its number.
  // Without a number, none: the client begins behind the last.
  std::optional<std::string> next(std::optional<std::uint64_t>& after) const {
    if (!after) after = last_number_;
    if (*after >= last_number_) return std::nullopt;
    const std::uint64_t first = last_number_ - events_.size() + 1;
    after = std::max(*after + 1, first);
    return events_[*after - first];
  }

 private:
  std::uint64_t last_number_ = 0;
  std::deque<std::string> events_;
};

}  // namespace meshcheck::server

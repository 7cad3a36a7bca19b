// The latest events, for clients that listen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/time.h"

namespace meshcheck::server {

struct Event {
  std::uint64_t number = 0;  // From 1, without gaps.
  std::string_view type;     // A constant.
  std::string json;          // One line.
};

// Bounded: a client that falls behind by more than `events_max` events misses the oldest, and
// notices by the numbers. Has no lock: its owner guards it.
class EventFeed {
 public:
  static constexpr std::size_t kEventsMax = 1024;

  // `began` tells the events of this process from those of one before.
  explicit EventFeed(WallTime began, std::size_t events_max = kEventsMax);

  void add(std::string_view type, std::string json);

  // The events behind number `after`, of those that are kept.
  const std::deque<Event>& events() const { return events_; }
  std::uint64_t last_number() const { return last_number_; }
  // An event's name in all processes: "<life>-<number>".
  std::string id(std::uint64_t number) const;
  // The number in an id; nothing for an id of another process. 0 is the id's number before the
  // first event.
  std::optional<std::uint64_t> number_of(std::string_view id) const;

 private:
  const std::string life_;
  const std::size_t events_max_;
  std::uint64_t last_number_ = 0;
  std::deque<Event> events_;
};

}  // namespace meshcheck::server

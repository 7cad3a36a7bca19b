#include "server/verdicts/event_feed.h"

#include <charconv>
#include <utility>

namespace meshcheck::server {
namespace {

std::string life_of(WallTime began) {
  const auto time = std::chrono::floor<std::chrono::milliseconds>(began.time_since_epoch());
  return std::to_string(time.count());
}

}  // namespace

EventFeed::EventFeed(WallTime began, std::size_t events_max)
    : life_(life_of(began)), events_max_(events_max) {}

void EventFeed::add(std::string_view type, std::string json) {
  events_.push_back({.number = ++last_number_, .type = type, .json = std::move(json)});
  if (events_.size() > events_max_) events_.pop_front();
}

std::string EventFeed::id(std::uint64_t number) const {
  return life_ + '-' + std::to_string(number);
}

std::optional<std::uint64_t> EventFeed::number_of(std::string_view id) const {
  const std::size_t dash = id.find('-');
  if (dash == std::string_view::npos || id.substr(0, dash) != life_) return std::nullopt;
  const std::string_view digits = id.substr(dash + 1);
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || stopped != end || number > last_number_) return std::nullopt;
  return number;
}

}  // namespace meshcheck::server

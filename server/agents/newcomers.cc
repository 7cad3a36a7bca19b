#include "server/agents/newcomers.h"

namespace meshcheck::server {

bool Newcomers::admit(std::string_view name, std::chrono::seconds patience, Clock::time_point now) {
  auto position = names_.find(name);
  if (position == names_.end()) {
    if (names_.size() >= kNamesMax) return false;
    position = names_.emplace(std::string(name), Seen{.first = now, .last = now}).first;
  }
  Seen& seen = position->second;
  seen.last = now;
  if (open_ended_) seen.first = now;
  return now - seen.first <= patience;
}

void Newcomers::forget(std::string_view name) {
  if (const auto position = names_.find(name); position != names_.end()) names_.erase(position);
}

void Newcomers::forget_silent(std::chrono::seconds silence, Clock::time_point now) {
  std::erase_if(names_, [&](const auto& entry) { return now - entry.second.last > silence; });
}

}  // namespace meshcheck::server

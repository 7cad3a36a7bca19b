// Changes of agents and of their series that the database does not have yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meshcheck::server {

// A row of the database. An agent without `record` was removed.
struct AgentChange {
  std::string name;
  std::optional<std::string> record;
  std::int64_t errors_since_report = 0;
};
struct SeriesChange {
  std::string label;
  bool removed = false;
  std::uint64_t reports = 0;
  std::uint64_t errors = 0;
};
struct Changes {
  std::vector<AgentChange> agents;
  std::vector<SeriesChange> series;
  // All changes up to these are among them.
  std::uint64_t last_agent = 0;
  std::uint64_t last_series = 0;
  bool empty() const { return agents.empty() && series.empty(); }
};

}  // namespace meshcheck::server

// A table of agents whose tests move the clock.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "mesh/report/record.h"
#include "server/agents/agent_table.h"

namespace meshcheck::server {

class AgentTableTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;
  using Outcome = AgentTable::Outcome;

  static mesh::Record record(const std::string& name, const std::string& node = "n",
                             std::int64_t interval = 5) {
    mesh::Record record;
    record.podname = name;
    record.nodename = node;
    record.report_interval = interval;
    record.json_head = "{\"podname\":\"" + name + "\",\"last_updated\":";
    record.json_tail = "}";
    return record;
  }

  void pass(std::chrono::milliseconds time) {
    now_.wall += time;
    now_.steady += time;
  }

  Outcome report(const std::string& name, const std::string& node = "n") {
    return table_.report(record(name, node), now_);
  }

  Now now_{.wall = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21),
           .steady = Clock::time_point(std::chrono::hours(100))};
  AgentTable table_{{.agents_max = 3, .outdated_factor = 2, .memory = std::chrono::hours(1)}};
};

}  // namespace meshcheck::server

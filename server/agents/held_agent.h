// The server's record of an agent that has reported.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "lib/base/time.h"
#include "mesh/report/probing_report.h"
#include "server/agents/agent_series.h"

namespace meshcheck::server {

struct HeldAgent {
  std::string record;   // netchecker's JSON.
  std::string node;     // Empty if the agent did not report it.
  std::string pod_uid;  // As proved by the sender of its last report; empty without proof.
  std::chrono::seconds report_interval{0};
  Clock::time_point first_report;
  Clock::time_point last_report;
  std::int64_t errors_since_report = 0;  // Missed reports.
  mesh::LargeLoss loss;
  AgentSeries::Series* series = nullptr;

  // Whether the agent was silent for longer than `factor` report intervals.
  bool is_outdated(Clock::time_point now, double factor) const {
    return now - last_report > report_interval * factor;
  }
  // Whether it is outdated while another agent of its node and network reports that began
  // afterwards, as after a pod was replaced. An agent that began before is no replacement. False
  // for an agent whose node is unknown.
  bool is_replaced(Clock::time_point now, double factor) const {
    return !node.empty() && is_outdated(now, factor) && series->newest_began > last_report &&
           now - series->newest_heard <= report_interval * factor;
  }
  // Whether one more report is missed than was counted. The first does not count: it may be on its
  // way.
  bool misses_another(Clock::time_point now) const {
    return (now - last_report) / report_interval > errors_since_report + 1;
  }
};

}  // namespace meshcheck::server

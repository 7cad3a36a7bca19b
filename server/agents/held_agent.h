// What the server holds of an agent that has reported.
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
  std::string node;     // Empty if the agent did not say.
  std::string pod_uid;  // As the sender of its last report has proved it; empty if it has not.
  std::chrono::seconds report_interval{0};
  Clock::time_point first_report;
  Clock::time_point last_report;
  std::int64_t errors_since_report = 0;  // Missed reports.
  mesh::LargeLoss loss;
  AgentSeries::Series* series = nullptr;

  // Outdated is an agent that was silent for longer than `factor` report intervals.
  bool is_outdated(Clock::time_point now, double factor) const {
    return now - last_report > report_interval * factor;
  }
  // Outdated, while another agent of its node and network reports that began afterwards: a pod that
  // was replaced looks like this. One that reported before cannot stand in for it. Nobody can tell
  // it of an agent that did not say its node.
  bool is_replaced(Clock::time_point now, double factor) const {
    return !node.empty() && is_outdated(now, factor) && series->newest_began > last_report &&
           now - series->newest_heard <= report_interval * factor;
  }
  // One more report is missed than was counted. The first is forgiven: it may be on its way.
  bool misses_another(Clock::time_point now) const {
    return (now - last_report) / report_interval > errors_since_report + 1;
  }
};

}  // namespace meshcheck::server

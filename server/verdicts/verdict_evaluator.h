// Evaluates the tables twice a second, and publishes verdicts and events.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "mesh/table/mesh.h"
#include "mesh/verdict/verdict_tracker.h"
#include "mesh/verdict/view_maker.h"
#include "server/agents/agent_table.h"
#include "server/cluster/cluster_status.h"
#include "server/verdicts/event_feed.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

// Makes the table's expected agents the members of the next view.
void set_members(const AgentTable& table, Now now, verdict::ViewMaker& maker);

// Copies its input from the tables, one lock after the other, diagnoses it without a lock, and
// hands verdicts and events to their readers. One thread; the caller passes the time.
class VerdictEvaluator {
 public:
  static constexpr std::chrono::milliseconds kPeriod{500};

  // All outlive this.
  struct Owner {
    Guarded<AgentTable>& agents;
    Guarded<ClusterStatus>& cluster;
    Guarded<mesh::Mesh>& mesh;
    Guarded<VerdictPublisher>& verdicts;
    Guarded<EventFeed>& events;
    Log log;
  };
  using OnVerdict = std::function<void(const verdict::VerdictEvent& event)>;
  // `on_events` is called when there are new events; `on_verdict`, which may be empty, for each of
  // a verdict.
  VerdictEvaluator(const Owner& owner, verdict::ViewMaker::Options options,
                   std::function<void()> on_events, OnVerdict on_verdict = {});

  void evaluate(Now now);

 private:
  using Missing = std::map<std::string, std::string_view>;  // "absent" or "outdated", by agent.

  void publish(const std::vector<verdict::VerdictEvent>& events,
               const VerdictPublisher::Evaluation& evaluation, Now now);
  void log_event(verdict::VerdictEvent::Type type, const VerdictRecord& record) const;
  // Makes events of agents that became absent or outdated, that are back, and that are not held any
  // more, from those that were missing and from `removed`. Returns true if there were any.
  bool tell_missing(Missing missing, std::vector<std::string> removed, Now now);

  const Owner owner_;
  const std::function<void()> on_events_;
  const OnVerdict on_verdict_;
  verdict::ViewMaker view_maker_;
  verdict::VerdictTracker tracker_;
  Missing missing_;
};

}  // namespace meshcheck::server

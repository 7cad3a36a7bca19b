// Looks at everything twice a second, and tells what is broken.
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

// Makes of who is expected in the table the members of the next view.
void set_members(const AgentTable& table, Now now, verdict::ViewMaker& maker);

// Takes from the tables what it needs, one lock after the other, diagnoses it without a lock, and
// puts verdicts and events where they are read. One thread; it is told the time.
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
  // `on_events` is called when there are new events.
  VerdictEvaluator(const Owner& owner, verdict::ViewMaker::Options options,
                   std::function<void()> on_events);

  void evaluate(Now now);

 private:
  using Missing = std::map<std::string, std::string_view>;  // "absent" or "outdated", by agent.

  void publish(const std::vector<verdict::VerdictEvent>& events,
               const VerdictPublisher::Evaluation& evaluation, Now now);
  void log_event(verdict::VerdictEvent::Type type, const VerdictRecord& record) const;
  // Who became absent or outdated, who is back, and who is not held any more: of those that were
  // missing and of `removed`. True if there is any news.
  bool tell_missing(Missing missing, std::vector<std::string> removed, Now now);

  const Owner owner_;
  const std::function<void()> on_events_;
  verdict::ViewMaker view_maker_;
  verdict::VerdictTracker tracker_;
  Missing missing_;
};

}  // namespace meshcheck::server

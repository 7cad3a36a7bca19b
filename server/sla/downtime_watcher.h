// Keeps the downtimes of Kubernetes in force: objects of the kind Downtime.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/http/client.h"
#include "lib/kube/client.h"
#include "lib/kube/watch.h"
#include "lib/uv/timer.h"
#include "mesh/sla/downtime_table.h"
#include "mesh/sla/sla_table.h"
#include "server/sla/downtime_status.h"

namespace meshcheck::server {

// Follows downtimes of meshcheck.io and of deckhouse.io, both v1alpha1, and writes the status of
// those of meshcheck.io. Where the API has no such kind (404), it asks again within two seconds and
// logs nothing. While the API is away, the known downtimes stay. Lives on the loop's thread.
//
// Whether probes are known of what an object names is judged once the server knows any probe at
// all, and again `judge_interval` to two of them after the set of probes has changed: agents bring
// their probes one after the other.
class DowntimeWatcher {
 public:
  struct Owner {
    uv::Loop& loop;
    Guarded<sla::DowntimeTable>& downtimes;
    Guarded<sla::SlaTable>& probes;  // Probes that downtimes may name.
    Log log;
  };
  // Agents send what they have of a probe each half minute.
  static constexpr std::chrono::seconds kJudgeInterval{30};
  static kube::Reflector::Options default_options();

  static Result<std::unique_ptr<DowntimeWatcher>> start(const Owner& owner,
                                                        const std::string& kubeconfig);
  DowntimeWatcher(const Owner& owner, const kube::Config& api,
                  const kube::Reflector::Options& options,
                  std::chrono::milliseconds judge_interval = kJudgeInterval);

 private:
  // An object that names groups or probes.
  struct Held {
    std::string group;
    nlohmann::json object;  // Of its metadata and status what the outcome is told by.
    sla::DowntimeTable::Items items;
    std::vector<std::string> unknown;  // As judged last.
  };
  struct Followed {
    std::string group;
    std::string told;  // The trouble that was logged last.
    std::unique_ptr<kube::Watch> watch;
  };

  void follow(const std::string& group, kube::Reflector::Options options);
  void keep(const kube::AnyObject& object, const std::string& group);
  // Tells what became of the object; true: that is news.
  bool judge(Held& held);
  // All that are held, if the set of probes has changed and has been the same for a while.
  void judge_again();
  void tell(Followed& followed);

  // The names in the items that match no known probe, sorted; none while no probe is known.
  std::vector<std::string> unknown_in(const sla::DowntimeTable::Items& items);

  Guarded<sla::DowntimeTable>& downtimes_;
  Guarded<sla::SlaTable>& probes_;
  const Log log_;
  http::Client http_;
  kube::Client client_;
  DowntimeStatus status_;
  std::map<kube::Identity, Held> held_;  // As many as are followed.
  std::uint64_t version_judged_ = 0;     // Of the set of probes.
  std::uint64_t version_seen_ = 0;
  std::vector<std::unique_ptr<Followed>> followed_;
  uv::Timer judge_timer_;
};

}  // namespace meshcheck::server

// Keeps the downtimes of Kubernetes in force: objects of the kind Downtime.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/http/client.h"
#include "lib/kube/client.h"
#include "lib/kube/watch.h"
#include "mesh/sla/downtime_table.h"
#include "mesh/sla/sla_table.h"
#include "server/sla/downtime_status.h"

namespace meshcheck::server {

// Follows downtimes of meshcheck.io and of deckhouse.io, both v1alpha1, and writes the status of
// those of meshcheck.io. Where the API has no such kind (404), it asks again within two seconds and
// logs nothing. While the API is away, the known downtimes stay. Lives on the loop's thread.
class DowntimeWatcher {
 public:
  struct Owner {
    uv::Loop& loop;
    Guarded<sla::DowntimeTable>& downtimes;
    Guarded<sla::SlaTable>& probes;  // Probes that downtimes may name.
    Log log;
  };
  static kube::Reflector::Options default_options();

  static Result<std::unique_ptr<DowntimeWatcher>> start(const Owner& owner,
                                                        const std::string& kubeconfig);
  DowntimeWatcher(const Owner& owner, const kube::Config& api,
                  const kube::Reflector::Options& options);

 private:
  struct Followed {
    std::string group;
    std::string told;  // The trouble that was logged last.
    std::unique_ptr<kube::Watch> watch;
  };

  void follow(const std::string& group, kube::Reflector::Options options);
  void keep(const kube::AnyObject& object, const std::string& group);
  void tell(Followed& followed);

  // The names in the items that match no known probe, sorted.
  std::vector<std::string> unknown_in(const sla::DowntimeTable::Items& items);

  Guarded<sla::DowntimeTable>& downtimes_;
  Guarded<sla::SlaTable>& probes_;
  const Log log_;
  http::Client http_;
  kube::Client client_;
  DowntimeStatus status_;
  std::vector<std::unique_ptr<Followed>> followed_;
};

}  // namespace meshcheck::server

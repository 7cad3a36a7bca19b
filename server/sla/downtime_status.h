// Writes the result of reading a Downtime object to Kubernetes: its status, and an Event if not all
// of it counts.
#pragma once

#include <cstddef>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/base/time.h"
#include "lib/kube/client.h"
#include "lib/kube/resource_client.h"
#include "mesh/sla/downtime_table.h"

namespace meshcheck::server {

// The result of reading an object. `unknown`: names of groups or probes that have no data, which
// may be misspelled or come later.
struct DowntimeOutcome {
  const sla::DowntimeTable::Items& items;
  std::vector<std::string> unknown = {};
};

// "a, b": the first of them, and whether there are more.
std::string names_shown(const std::vector<std::string>& names);

// The condition `Accepted` for it: "True" if all of its items count. Nothing if the object's status
// has it. Pure.
std::optional<nlohmann::json> accepted_condition(const nlohmann::json& object,
                                                 const DowntimeOutcome& outcome, WallTime now);

// Writes one after the other; at most `kWaitingMax` wait, and further ones are written at the
// object's next change or the next start. The server does not depend on the result: an error is
// logged once until the next success. Lives on the client's loop, and the client outlives it.
class DowntimeStatus {
 public:
  static constexpr std::size_t kWaitingMax = 1000;

  DowntimeStatus(kube::Client& client, const Log& log);

  // For an object of `resource`. False: its status says so already.
  bool tell(const kube::Resource& resource, const nlohmann::json& object,
            const DowntimeOutcome& outcome);

 private:
  struct Job {
    kube::Resource resource;
    std::string name;
    std::string uid;
    nlohmann::json condition;
  };

  void next();
  void on_status(const Job& job, const kube::ObjectAnswer& answer);
  void write_event(const Job& job);
  void end(const kube::ObjectAnswer& answer);

  const Log log_;
  kube::ResourceClient client_;
  std::deque<Job> waiting_;
  bool writing_ = false;
  bool failed_ = false;  // The last write failed, and that was logged.
};

}  // namespace meshcheck::server

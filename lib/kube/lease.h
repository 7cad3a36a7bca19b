// Which of several programs acts: the holder of a Lease in the Kubernetes API.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/log.h"
#include "lib/base/time.h"
#include "lib/kube/client.h"
#include "lib/kube/resource_client.h"
#include "lib/uv/timer.h"

namespace meshcheck::kube {

// One candidate's knowledge of the lease. Pure: the caller hands in the API's object and gets the
// object to write. As in Kubernetes' own leader election, another's lease has ended when it was not
// renewed for its own duration by this candidate's clock, so that no clocks have to agree.
class LeaseRecord {
 public:
  struct Options {
    std::string name;
    std::string name_space;
    std::string identity;  // Of this candidate; differs between all of them.
    std::chrono::seconds duration{15};
  };
  enum class Step : std::uint8_t { kNone, kCreate, kReplace };
  struct Next {
    Step step = Step::kNone;
    nlohmann::json object;  // To write.
  };

  explicit LeaseRecord(Options options) : options_(std::move(options)) {}

  // The object as the API has it; null: there is no such lease.
  Next seen(const nlohmann::json* object, Clock::time_point now, WallTime wall);
  // The API took the object of seen().
  void written() { renewed_at_ = asked_at_; }

  // Ends a third of the duration before another candidate may take the lease, so that two never act
  // at once.
  bool held(Clock::time_point now) const;
  const Options& options() const { return options_; }

 private:
  Options options_;
  std::string observed_;  // The last holder's, with the time that it wrote.
  Clock::time_point observed_at_;
  Clock::time_point asked_at_;
  std::optional<Clock::time_point> renewed_at_;
};

// Tries to get the lease and to keep it, all the time. Belongs to the client's loop; the client
// outlives it. Trouble is logged when it changes, and "lease lost" only after "lease acquired".
class Lease {
 public:
  Lease(Client& client, LeaseRecord::Options options, Log log);

  bool held() const { return record_.held(Clock::now()); }

 private:
  void turn();
  void take(const ObjectAnswer& answer);
  void write(const LeaseRecord::Next& next);
  void written(const ObjectAnswer& answer);
  void note_trouble(const std::string& trouble);
  // Logs that the lease is held no more.
  void note_loss();

  const Log log_;
  LeaseRecord record_;
  std::string trouble_;    // As it was logged last.
  bool acquired_ = false;  // "lease acquired" was logged, and no loss since.
  const Resource leases_;
  ResourceClient objects_;
  uv::Timer timer_;
};

}  // namespace meshcheck::kube

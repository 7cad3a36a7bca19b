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

// What one candidate knows of the lease, pure: it is told what the API says, and says what to
// write. As Kubernetes' own leader election does it: another's lease has ended when it was not
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
  // What seen() asked for was taken.
  void written() { renewed_at_ = asked_at_; }

  // A third of the duration before another may take it, so that nobody acts beside the next holder.
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
  // Logs that it is held no more.
  void note_loss();

  const Log log_;
  LeaseRecord record_;
  std::string trouble_;    // As it was logged last.
  bool acquired_ = false;  // And that was logged, and since then no loss.
  const Resource leases_;
  ResourceClient objects_;
  uv::Timer timer_;
};

}  // namespace meshcheck::kube

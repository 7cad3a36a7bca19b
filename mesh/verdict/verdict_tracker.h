// Findings come and go with every evaluation; a verdict is opened, changes and is closed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "mesh/verdict/named_finding.h"

namespace meshcheck::verdict {

struct Verdict {
  std::uint64_t id = 0;
  NamedFinding named;  // As last found; `since` is the earliest.
  Clock::time_point opened;
  Clock::time_point last_seen;
  std::optional<Clock::time_point> unseen_since;  // Since then its subject could not be observed.
  std::optional<Clock::time_point> closed;
  std::uint32_t observed_most = 0;           // The most paths that were observable.
  std::uint32_t flaps = 0;                   // How often it was gone and came back.
  bool recovering = false;                   // The last finding was less than is shown.
  std::optional<std::uint64_t> merged_into;  // Another verdict explains it now.
};

struct VerdictEvent {
  enum class Type : std::uint8_t { kOpened, kChanged, kClosed };
  Type type = Type::kOpened;
  Verdict verdict;  // As it is from then on.
};
std::string_view text(VerdictEvent::Type type);  // "opened", "changed", "closed"

// Hysteresis both ways. A finding opens a verdict when it stood for open_hold() in at least two
// evaluations; the verdict closes when its finding was gone for a while, longer each time it came
// back. Subjects are compared by name and by group of kinds, so a node that first looks down and
// then cut off is one verdict that changes. While a verdict fades or is found in part, findings
// within it (pairs of its node that recover last) open no verdict. Reads no clock; one thread.
// Bounded: further findings are counted and left out.
class VerdictTracker {
 public:
  struct Options {
    Clock::duration close_hold = std::chrono::seconds(3);
    Clock::duration change_hold = std::chrono::seconds(1);
    Clock::duration close_hold_max = std::chrono::seconds(60);
    // A fault that comes back this soon after its verdict was closed is the same verdict, and
    // flaps.
    Clock::duration reopen_within = std::chrono::minutes(2);
    // How long the verdict of a node that cannot be observed stays open.
    Clock::duration unseen_max = std::chrono::seconds(60);
    // How long after a fault its remains open no verdict.
    Clock::duration linger = std::chrono::seconds(75);
    Clock::duration linger_of_cuts = std::chrono::seconds(10);
    std::size_t verdicts_max = 256;
    std::size_t candidates_max = 512;
    std::size_t closed_max = 64;
    std::uint64_t first_id = 1;
  };

  explicit VerdictTracker(Options options) : options_(options), next_id_(options.first_id) {}

  // To be called with every diagnosis, about twice a second or when anything changed. `view` is the
  // diagnosed one.
  std::vector<VerdictEvent> update(std::vector<NamedFinding> found, const View& view);

  const std::vector<Verdict>& open() const { return open_; }  // By id.
  std::uint64_t left_out() const { return left_out_; }

 private:
  struct Candidate {
    std::string key;
    NamedFinding named;
    Clock::time_point first_seen;
    Clock::time_point last_seen;
    std::uint32_t evaluations = 0;
  };
  struct Change {  // Of an open verdict, not shown yet.
    std::uint64_t id = 0;
    NamedFinding named;
    Clock::time_point first_seen;
  };

  Clock::duration close_hold(const Verdict& verdict) const;
  Verdict* find_open(const std::string& key);
  void refresh(Verdict& verdict, NamedFinding named, Clock::time_point now,
               std::vector<VerdictEvent>& events);
  Clock::duration hold_of(const NamedFinding& named, Clock::time_point now) const;
  bool lingers(const NamedFinding& named, const std::string& key, Clock::time_point now) const;
  void consider(NamedFinding named, Clock::time_point now, std::vector<VerdictEvent>& events);
  void open(Candidate candidate, Clock::time_point now, std::vector<VerdictEvent>& events);
  void wait_for_sight(const View& view);
  void close_what_is_gone(Clock::time_point now, std::vector<VerdictEvent>& events);

  Options options_;
  std::uint64_t next_id_;
  std::uint64_t left_out_ = 0;
  Clock::time_point last_update_;
  std::vector<Verdict> open_;
  std::vector<Verdict> closed_;  // Of late, oldest first.
  std::vector<Candidate> candidates_;
  std::vector<Change> changes_;
};

}  // namespace meshcheck::verdict

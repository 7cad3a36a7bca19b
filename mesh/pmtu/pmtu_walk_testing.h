// For tests: a search for a path's MTU whose answers come at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "mesh/pmtu/pmtu_search.h"

namespace meshcheck::mesh::testing {

// A search, and a path that answers at once each probe that fits.
class Walk {
 public:
  using State = PmtuSearch::State;
  using Probe = PmtuSearch::Probe;

  explicit Walk(std::uint16_t link_mtu = 1500, std::uint16_t path_mtu = 1500)
      : path_mtu_(path_mtu) {
    search_.set_link_mtu(link_mtu, now_);
  }
  void up() { search_.small_probes(true, now_); }
  void down() { search_.small_probes(false, now_); }
  // Runs in steps of 10 ms; the probes sent are in sent_.
  void run(Clock::duration duration) {
    run_until(duration, [] { return false; });
  }
  bool run_until(Clock::duration duration, const std::function<bool()>& done) {
    for (const Clock::time_point end = now_ + duration; now_ < end;
         now_ += std::chrono::milliseconds(10)) {
      if (done()) return true;
      const auto probe = search_.next(now_);
      if (!probe) continue;
      sent_.push_back(*probe);
      if (probe->size <= path_mtu_ && lose_ == 0)
        search_.acknowledged(probe->cookie, now_ + std::chrono::milliseconds(1));
      if (lose_ > 0) --lose_;
    }
    return done();
  }
  bool reach(State state, Clock::duration within = std::chrono::seconds(30)) {
    return run_until(within, [&] { return search_.state() == state; });
  }
  // Returns the next probe and answers nothing.
  Probe next() {
    std::optional<Probe> probe;
    while (!(probe = search_.next(now_))) now_ += std::chrono::milliseconds(10);
    return *probe;
  }
  std::uint16_t size() const { return search_.result() ? search_.result()->size : 1; }

  PmtuSearch::Options options_;
  Clock::time_point now_{std::chrono::hours(1)};
  PmtuSearch search_{&options_};
  std::uint16_t path_mtu_;
  int lose_ = 0;  // How many probes of any size to lose.
  std::vector<Probe> sent_;
};

}  // namespace meshcheck::mesh::testing

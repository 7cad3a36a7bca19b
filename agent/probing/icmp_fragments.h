// Whether pings larger than the links at both ends, which have to be fragmented, come back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"
#include "lib/uv/loop.h"
#include "lib/uv/timer.h"
#include "mesh/path/path.h"
#include "mesh/pmtu/fragments.h"
#include "probe/icmp_prober.h"
#include "probe/sweep_clock.h"

namespace meshcheck::agent {

// A second opinion beside the fragment tests in UDP: a device often drops the fragments of only one
// of the two protocols. Each ping tests both directions. One mesh::FragmentTest a path, judged only
// while small probes pass. On the loop's thread; stays where it was made. Bounds: kProbesMax probes
// sent in a turn, one under way for each path. A path whose link needs a larger ping than
// icmp::kPayloadSizeMax stays unknown.
class IcmpFragments {
 public:
  static constexpr std::size_t kProbesMax = 32;

  struct Options {
    mesh::FragmentTest::Options test;
    probe::IcmpProber::Options icmp;
  };
  struct Target {
    std::uint32_t id = 0;  // The caller's; each its own.
    IpAddress address;
    std::uint32_t link_mtu = 0;  // The larger of both ends' MTUs; 0: unknown, no test.
  };
  // The path of a target's small probes; null if there is none.
  using PathOf = std::function<const mesh::Path*(std::uint32_t id)>;

  IcmpFragments(uv::Loop& loop, const Options& options, PathOf path_of);
  IcmpFragments(const IcmpFragments&) = delete;
  IcmpFragments& operator=(const IcmpFragments&) = delete;

  // A target that keeps its id and address keeps its test.
  void set_paths(const std::vector<Target>& targets);
  mesh::FragmentsResult result(std::uint32_t id) const;

 private:
  struct Item {
    explicit Item(const mesh::FragmentTest::Options* options) : test(options) {}
    IpAddress address;
    mesh::FragmentTest test;
  };

  void sweep();
  void prepare(std::uint32_t id, Item& item, bool late, Clock::time_point now);
  void on_reply(const probe::IcmpProber::Reply& reply);

  const Options options_;
  PathOf path_of_;
  probe::IcmpProber icmp_;
  std::map<std::uint32_t, Item> items_;
  std::uint32_t next_ = 0;  // The target whose turn it is, if it still exists.
  probe::SweepClock sweeps_;
  uv::Timer timer_;
};

}  // namespace meshcheck::agent

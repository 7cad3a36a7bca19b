// The pings that the server ordered: made at once, and reported until a report has arrived.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "lib/base/log.h"
#include "lib/uv/loop.h"
#include "mesh/assignment/ping_order.h"
#include "probe/ping_run.h"

namespace meshcheck::agent {

// On the loop's thread; stays where it was made. Bounds: mesh::kPingsOfAgentMax pings under way or
// not reported yet; further orders wait for the server to repeat them.
class OrderedPings {
 public:
  // The last orders that were carried out, which are not carried out again.
  static constexpr std::size_t kDoneMax = 32;

  // `ssid` is the first of the sessions' numbers; `on_done`: a ping has ended.
  OrderedPings(uv::Loop& loop, Log log, std::uint16_t ssid, std::function<void()> on_done);

  using MayProbe = std::function<bool(const Endpoint&)>;
  using MakeKey = std::function<std::optional<stamp::Key>()>;
  // Of an assignment. `may_probe` says whether an endpoint may be probed from here; `key` makes the
  // mesh's key, if it has one.
  void take(const std::vector<mesh::PingOrder>& orders, const MayProbe& may_probe,
            const MakeKey& key);
  // Those that have ended, for the next report; they are forgotten once it has arrived.
  std::vector<mesh::PingResult> results();
  void report_arrived();

 private:
  struct Ping {
    mesh::PingOrder order;
    std::unique_ptr<probe::PingRun> run;  // Null: it is refused.
    std::string refusal;
    bool told = false;
  };

  bool knows(std::uint64_t id) const;
  std::uint16_t next_ssid();

  uv::Loop& loop_;
  const Log log_;
  std::uint16_t ssid_;
  std::function<void()> on_done_;
  std::list<Ping> pings_;
  std::deque<std::uint64_t> done_;
};

}  // namespace meshcheck::agent

// Answers STAMP probes: stamp::Reflector on UDP sockets of both families.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/uv/loop.h"
#include "mesh/report/probing_report.h"
#include "mesh/stamp/reflector.h"
#include "mesh/stamp/reply_budget.h"

namespace meshcheck::probe {

// Listens on all addresses and answers from the one that was asked. A sender that has an SSID is
// one session from all of its source ports. A reply of a requested size is fragmented only if our
// own link cannot carry it in one piece. Options::budget bounds the bytes sent. Lives on the loop's
// thread; destroying it silences it at once. Bounds: stamp::Reflector's sessions,
// TimestampedSocket's batches, mesh::kReportHeardMax senders heard.
class StampReflector {
 public:
  static constexpr std::uint16_t kPort = 8862;
  // heard() leaves out senders that were not heard for longer.
  static constexpr std::chrono::seconds kHeardMax{60};

  struct Options {
    std::uint16_t port = kPort;  // 0: the kernel chooses one.
    bool open = false;           // Unsigned requests are answered too.
    bool kernel_times = true;
    stamp::Reflector::Options reflector = {.asymmetrical = true};
    stamp::ReplyBudget::Options budget;
  };

  struct Counts {
    std::uint64_t requests = 0;  // All requests that came.
    std::uint64_t replies = 0;   // Handed to the kernel, less those that it refused.
    // Signed with a wrong key or none, malformed, a reply, or from a port of a reflector or below
    // 1024.
    std::uint64_t refused = 0;
    std::uint64_t limited = 0;  // Not answered, since the budget was used up.
  };

  // Works with one family if the other is not available; an error if neither is.
  static Result<StampReflector> start(uv::Loop& loop, const Options& options);

  StampReflector(StampReflector&&) noexcept;
  StampReflector& operator=(StampReflector&&) noexcept;
  ~StampReflector();

  // A request is checked with the current key, then with the previous one.
  void set_keys(std::optional<stamp::Key> current, std::optional<stamp::Key> previous);

  void set_open(bool open);

  std::uint16_t port() const;
  // Why a family is not listened on; empty if both are.
  std::string missing() const;
  bool kernel_times() const;
  Counts counts() const;
  // Packets that the kernel dropped since the last call, because they were not read in time.
  std::uint64_t count_drops();
  // The agents whose probes were answered lately. Size probes do not count.
  std::vector<mesh::Heard> heard(Clock::time_point now) const;

 private:
  struct Node;
  explicit StampReflector(std::unique_ptr<Node> node);

  std::unique_ptr<Node> node_;
};

}  // namespace meshcheck::probe

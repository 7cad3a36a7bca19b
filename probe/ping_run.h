// One ping that was ordered: a few probes to one reflector, and how they ended.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"
#include "lib/uv/loop.h"
#include "lib/uv/timer.h"
#include "mesh/report/ping_result.h"
#include "mesh/stamp/sender.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {

// STAMP from a port of its own, with packets of one size there and back that are never cut into
// fragments, so that a size that does not pass is a loss. Begins when made. On the loop's thread;
// stays where it was made, and may be destroyed at any time but inside its own callback.
class PingRun {
 public:
  struct Options {
    Endpoint to;
    std::size_t size = 0;  // Bytes of each IP packet; fewer than a probe needs: as few as possible.
    std::uint32_t count = 3;
    std::chrono::milliseconds interval{200};
    std::chrono::milliseconds timeout{1000};  // For the answer to a probe.
    std::uint16_t ssid = 0;                   // Not zero, and not that of other probes.
  };

  // `on_done` is called once and later, about interval * count + timeout after now at the latest.
  PingRun(uv::Loop& loop, const Options& options, std::optional<stamp::Key> key,
          std::function<void()> on_done);
  ~PingRun();
  PingRun(const PingRun&) = delete;
  PingRun& operator=(const PingRun&) = delete;

  bool done() const { return done_; }
  // As of now, without an identifier; final when done().
  mesh::PingResult result() const;

 private:
  void open(uv::Loop& loop);
  void turn();
  void send();
  void end();
  void on_received(const TimestampedSocket::Received& received);
  void on_failure(const TimestampedSocket::Failure& failure);
  stamp::Sender::Probe shape() const;

  const Options options_;
  const std::optional<stamp::Key> key_;
  const std::function<void()> on_done_;
  stamp::Sender sender_;
  std::optional<std::uint64_t> address_token_;
  std::vector<std::optional<std::chrono::microseconds>> round_trips_;
  std::size_t missing_ = 0;  // Probes that were sent and neither answered nor failed.
  std::vector<bool> failed_;
  std::string error_;
  Clock::time_point deadline_;  // Of the last probe that was sent.
  bool done_ = false;
  std::optional<TimestampedSocket> socket_;
  uv::Timer timer_;
};

}  // namespace meshcheck::probe

// A UDP probe: whether an endpoint answers a datagram.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "lib/uv/loop.h"
#include "probe/trouble.h"

namespace meshcheck::probe {

// As Pinger sends it.
inline constexpr std::string_view kUdpProbePayload = "health check";

// One datagram, and any datagram that comes back from there. On the loop's thread; destroying the
// probe cancels it silently, also inside its own callback.
class UdpProbe {
 public:
  // The time until the answer, by the kernel's clock if it has one, or what went wrong: "port
  // unreachable" and other ICMP errors at once, "timed out" when nothing came.
  using OnDone = std::function<void(Result<std::chrono::nanoseconds>)>;

  // `on_done` is called once and later, `timeout` after now at the latest. REQUIRES: a port.
  UdpProbe(uv::Loop& loop, const Endpoint& peer, std::chrono::milliseconds timeout, OnDone on_done);

  UdpProbe(UdpProbe&&) noexcept;
  UdpProbe& operator=(UdpProbe&&) noexcept;
  ~UdpProbe();

  // Whether a failure is this machine's own. To be asked inside `on_done`.
  OwnFault own_fault() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meshcheck::probe

// A TCP probe: whether an endpoint takes a connection, and how fast.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "lib/uv/loop.h"
#include "probe/trouble.h"

namespace meshcheck::probe {

// One connection, made and dropped. On the loop's thread; destroying the probe cancels it silently,
// also inside its own callback.
//
// The connection is ended by a reset. A close with FIN would leave an endpoint in TIME_WAIT for a
// minute and an entry in each conntrack table on the way for two, for every probe of every agent.
// The price: a server that logs connections which end in a reset logs these.
class TcpProbe {
 public:
  // How long connecting took, or what went wrong: "connection refused", "timed out", "no route to
  // host". The time is the kernel's round trip of SYN and SYN-ACK, which the load of this process
  // does not change; when a SYN had to be sent again, it is the whole time until the connection was
  // made.
  using OnDone = std::function<void(Result<std::chrono::nanoseconds>)>;

  // `on_done` is called once and later, `timeout` after now at the latest. REQUIRES: a port.
  TcpProbe(uv::Loop& loop, const Endpoint& peer, std::chrono::milliseconds timeout, OnDone on_done);

  TcpProbe(TcpProbe&&) noexcept;
  TcpProbe& operator=(TcpProbe&&) noexcept;
  ~TcpProbe();

  // Whether a failure is this machine's own. To be asked inside `on_done`.
  OwnFault own_fault() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meshcheck::probe

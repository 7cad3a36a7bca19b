// The kernel's announcements of changes, as events of the loop.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "lib/base/result.h"
#include "lib/netlink/event.h"
#include "lib/uv/loop.h"

namespace meshcheck::netlink {

// Hears of links and addresses and, if asked, of routes and neighbours, in the network namespace of
// the thread that starts it. Start it first and take a Snapshot then: changes in between are in
// both. The kernel does not announce that IPv4 routes went away with their link, nor, after an
// Overrun, which events were lost. Take a new Snapshot in both cases.
//
// Destroying it silences it at once, also inside its own callback. Bound: the kernel's socket
// buffer, and per turn of the loop `datagrams_max`, so that a storm does not starve the loop.
class Monitor {
 public:
  struct Options {
    bool routes = true;  // Many per second on a node that learns them by BGP.
    bool neighbours = true;
    int receive_buffer_bytes = 1 << 20;
    std::size_t datagrams_max = 64;
  };
  using OnEvent = std::function<void(const Event&)>;

  static Result<Monitor> start(uv::Loop& loop, const Options& options, OnEvent on_event);

  Monitor(Monitor&&) noexcept;
  Monitor& operator=(Monitor&&) noexcept;
  ~Monitor();

 private:
  struct Node;
  explicit Monitor(std::unique_ptr<Node> node);

  std::unique_ptr<Node> node_;
};

}  // namespace meshcheck::netlink

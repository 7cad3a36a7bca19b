// Offloads: the kernel or the card joins and cuts packets, which a capture does not show.
#pragma once

#include <optional>
#include <span>

namespace meshcheck::netlink {

struct Link;

// Nothing where the kernel does not tell. On sending, segments larger than the link's MTU are
// handed down and cut late; on receiving, packets are joined early. `ethtool -k` shows the same.
struct Offloads {
  std::optional<bool> tso;  // TCP's segments are cut by the card...
  std::optional<bool> gso;  // ... or else by the kernel, which may do so for UDP too.
  std::optional<bool> gro;  // The kernel joins what it receives.

  friend bool operator==(const Offloads&, const Offloads&) = default;
};

// Sets `offloads` of those links that run, and leaves the others' alone. Of the calling thread's
// network namespace; needs no capability. Three short system calls a link.
void read_offloads(std::span<Link> links);

}  // namespace meshcheck::netlink

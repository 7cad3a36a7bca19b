// An entry of the ARP or neighbour discovery cache.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/ip_address.h"
#include "lib/netlink/hardware_address.h"

namespace meshcheck::netlink {

struct Neighbour {
  // kFailed: it was asked and did not answer. kIncomplete: it is being asked for the first time.
  // kStale, kDelay and kProbe are normal: known, not confirmed lately.
  enum class State : std::uint8_t {
    kNone,
    kIncomplete,
    kReachable,
    kStale,
    kDelay,
    kProbe,
    kFailed,
    kNoArp,
    kPermanent,
  };

  std::uint32_t link_index = 0;
  IpAddress address;
  HardwareAddress hardware_address;  // Empty until it has answered.
  State state = State::kNone;
  // Since it last answered, or a connection by it went on; nothing: the kernel does not tell.
  std::optional<std::chrono::milliseconds> confirmed_age;

  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

// "reachable", "failed", ... as `ip neighbour` has it, in lower case.
std::string_view text(Neighbour::State state);

}  // namespace meshcheck::netlink

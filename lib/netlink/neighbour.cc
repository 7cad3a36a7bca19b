#include "lib/netlink/neighbour.h"

namespace meshcheck::netlink {

std::string_view text(Neighbour::State state) {
  switch (state) {
    case Neighbour::State::kNone:
      return "none";
    case Neighbour::State::kIncomplete:
      return "incomplete";
    case Neighbour::State::kReachable:
      return "reachable";
    case Neighbour::State::kStale:
      return "stale";
    case Neighbour::State::kDelay:
      return "delay";
    case Neighbour::State::kProbe:
      return "probe";
    case Neighbour::State::kFailed:
      return "failed";
    case Neighbour::State::kNoArp:
      return "noarp";
    case Neighbour::State::kPermanent:
      return "permanent";
  }
  return "none";
}

}  // namespace meshcheck::netlink

#include "lib/netlink/link.h"

namespace meshcheck::netlink {

std::string_view text(Link::State state) {
  switch (state) {
    case Link::State::kUnknown:
      return "unknown";
    case Link::State::kNotPresent:
      return "notpresent";
    case Link::State::kDown:
      return "down";
    case Link::State::kLowerLayerDown:
      return "lowerlayerdown";
    case Link::State::kTesting:
      return "testing";
    case Link::State::kDormant:
      return "dormant";
    case Link::State::kUp:
      return "up";
  }
  return "unknown";
}

}  // namespace meshcheck::netlink

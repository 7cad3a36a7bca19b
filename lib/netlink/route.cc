#include "lib/netlink/route.h"

namespace meshcheck::netlink {

std::string_view text(Route::Type type) {
  switch (type) {
    case Route::Type::kUnicast:
      return "unicast";
    case Route::Type::kLocal:
      return "local";
    case Route::Type::kBroadcast:
      return "broadcast";
    case Route::Type::kMulticast:
      return "multicast";
    case Route::Type::kBlackhole:
      return "blackhole";
    case Route::Type::kUnreachable:
      return "unreachable";
    case Route::Type::kProhibit:
      return "prohibit";
    case Route::Type::kOther:
      return "other";
  }
  return "other";
}

}  // namespace meshcheck::netlink

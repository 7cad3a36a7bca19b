#include "mesh/path/direction.h"

namespace meshcheck::mesh {

std::string_view text(Cut cut) {
  switch (cut) {
    case Cut::kNone:
      return "none";
    case Cut::kForward:
      return "forward";
    case Cut::kBackward:
      return "backward";
    case Cut::kBoth:
      return "both";
    case Cut::kUnknown:
      return "unknown";
  }
  return {};
}

}  // namespace meshcheck::mesh

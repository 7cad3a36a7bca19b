// Why a probe failed, and whether it is this machine's own fault.
#pragma once

#include <string>

#include "lib/base/own_fault.h"

namespace meshcheck::probe {

struct Trouble {
  std::string text;  // In the words of a report: "connection refused".
  OwnFault own = OwnFault::kNone;

  bool is_own() const { return own != OwnFault::kNone; }
};

}  // namespace meshcheck::probe

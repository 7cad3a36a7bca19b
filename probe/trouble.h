// Why a probe failed, and whether it is this machine's own fault.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>

#include "lib/base/descriptors.h"

namespace meshcheck::probe {

// The resource that this process or its kernel lacked, so that no probe was sent.
enum class OwnFault : std::uint8_t { kNone, kNoDescriptor, kNoBuffer };

inline OwnFault own_fault(int error_number) {
  if (is_out_of_descriptors(error_number)) return OwnFault::kNoDescriptor;
  return error_number == ENOBUFS ? OwnFault::kNoBuffer : OwnFault::kNone;
}

struct Trouble {
  std::string text;  // In the words of a report: "connection refused".
  OwnFault own = OwnFault::kNone;

  bool is_own() const { return own != OwnFault::kNone; }
};

}  // namespace meshcheck::probe

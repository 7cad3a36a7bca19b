// The kernel's error of a failed probe, in the words of a report: "connection refused".
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include "lib/base/own_fault.h"
#include "lib/base/text.h"

namespace meshcheck::probe {

inline std::string errno_text(int error_number) {
  // The text of an unanswered probe; the kernel's own text names a connection.
  if (error_number == ETIMEDOUT) return "timed out";
  const OwnFault own = own_fault(error_number);
  if (own == OwnFault::kNoDescriptor) return std::string(kTooManyFiles);
  if (own == OwnFault::kNoPort) return std::string(kNoPortLeft);
  std::string text = std::generic_category().message(error_number);
  if (!text.empty()) text.front() = ascii_lower(text.front());
  return text;
}

}  // namespace meshcheck::probe

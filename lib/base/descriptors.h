// The error of a process that has no descriptor left.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace meshcheck {

// The agent's own fault, not that of the host that it could not ask.
inline constexpr std::string_view kTooManyFiles =
    "too many open files: raise the agent's limit of descriptors";

inline bool is_out_of_descriptors(int error_number) {
  return error_number == EMFILE || error_number == ENFILE;
}

// For failures of a library that opened the socket itself and does not tell its errno.
inline bool out_of_descriptors() {
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return is_out_of_descriptors(errno);
  close(descriptor);
  return false;
}

}  // namespace meshcheck

// Whether a question failed for want of something of this machine's own: then nobody was asked.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

namespace meshcheck {

// What this process or its kernel lacked. With any but kNone the host that was to be asked has not
// failed to answer, so what is known of it is unknown, and not down.
enum class OwnFault : std::uint8_t {
  kNone,
  kNoDescriptor,  // EMFILE, ENFILE
  kNoMemory,      // ENOMEM, or a library's word for it
  kNoPort,        // EADDRNOTAVAIL: no port of this host is free, or no address of its own is there.
  kNoRoom,        // EAGAIN: the socket's own buffer is full.
  kNoBuffer,      // ENOBUFS: the same of raw sockets, or the device dropped the packet.
  kInternal,      // A library failed, or a bound of ours was reached.
};

inline constexpr std::string_view kTooManyFiles =
    "too many open files: raise the agent's limit of descriptors";
inline constexpr std::string_view kNoPortLeft = "no local port or address is left to ask from";

inline OwnFault own_fault(int error_number) {
  switch (error_number) {
    case EMFILE:
    case ENFILE:
      return OwnFault::kNoDescriptor;
    case ENOMEM:
      return OwnFault::kNoMemory;
    case EADDRNOTAVAIL:
      return OwnFault::kNoPort;
    case EAGAIN:
      return OwnFault::kNoRoom;
    case ENOBUFS:
      return OwnFault::kNoBuffer;
    default:
      return OwnFault::kNone;
  }
}

// Of a probe that measures loss: whether it never left this machine's socket. One that the device's
// queue dropped is lost, as in any queue on the way.
inline bool is_unsent(OwnFault own) {
  return own != OwnFault::kNone && own != OwnFault::kNoBuffer;
}

// What this process lacks right now: for failures of a library that opened the socket itself and
// does not tell its errno.
inline OwnFault current_own_fault() {
  const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return own_fault(errno);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  const bool has_port = bind(descriptor, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
  // The port 0 is any; that it is in use means that all are.
  const int error_number = has_port ? 0 : errno == EADDRINUSE ? EADDRNOTAVAIL : errno;
  close(descriptor);
  return own_fault(error_number);
}

}  // namespace meshcheck

// Sets up a timestamped socket: its options, times and the handling of sizes.
#pragma once

#include "lib/base/result.h"
#include "probe/descriptor.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {

bool is_ipv4(const TimestampedSocket::Options& options);

// Opens a socket that does not block and is not inherited.
Result<Descriptor> open_descriptor(const TimestampedSocket::Options& options);
// Sets all options that are set once, and binds. Options that the kernel lacks are left out;
// failing to bind is an error.
Result<void> configure(const Descriptor& socket, const TimestampedSocket::Options& options);
// Makes the kernel report the times of packets, and count the packets that it sends from here on,
// from zero. False: it does not support that.
bool count_packets_anew(const Descriptor& socket);

// The kernel's value of IP_MTU_DISCOVER or IPV6_MTU_DISCOVER; 0 if reading it fails.
int read_discovery(const Descriptor& socket, bool ipv4);
bool write_discovery(const Descriptor& socket, bool ipv4, int discovery);
int discovery_of(TimestampedSocket::Fragmentation fragmentation, bool ipv4, int by_default);

}  // namespace meshcheck::probe

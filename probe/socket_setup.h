// What a timestamped socket asks of the kernel: its options, times and the handling of sizes.
#pragma once

#include "lib/base/result.h"
#include "probe/descriptor.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {

bool is_ipv4(const TimestampedSocket::Options& options);

// Does not block, and is not inherited.
Result<Descriptor> open_descriptor(const TimestampedSocket::Options& options);
// Sets all that is set once, and binds. What the kernel lacks is left out, but for the address.
Result<void> configure(const Descriptor& socket, const TimestampedSocket::Options& options);
// The kernel tells the times of packets, and counts those that it sends from here on, from zero.
// False: it does not.
bool count_packets_anew(const Descriptor& socket);

// IP_MTU_DISCOVER or IPV6_MTU_DISCOVER, as the kernel has it; 0 if it does not say.
int read_discovery(const Descriptor& socket, bool ipv4);
bool write_discovery(const Descriptor& socket, bool ipv4, int discovery);
int discovery_of(TimestampedSocket::Fragmentation fragmentation, bool ipv4, int by_default);

}  // namespace meshcheck::probe

// Which addresses and ports an agent may be told to probe.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/ip_address.h"

namespace meshcheck::mesh {

// Both ends keep to these rules, the server before it assigns a peer and the agent before it probes
// one: a report says where its agent is, and might name anybody.

// Whether the address can be one host's on a network. Not the unspecified, link-local, multicast
// and reserved ones (RFC 6890), IPv4 addresses written as IPv6, nor what clouds keep credentials
// behind, which is link-local too but for one of Amazon's.
bool may_be_peer(const IpAddress& address);
// Whether an agent with the addresses `own` may probe it. A loopback address is another agent's for
// an agent on loopback alone.
bool may_probe(std::span<const IpAddress> own, const IpAddress& address);
// Whether a reflector may listen there: on no port of the system's services.
constexpr bool may_be_peer_port(std::uint16_t port) {
  return port >= kUnprivilegedPortMin;
}

}  // namespace meshcheck::mesh

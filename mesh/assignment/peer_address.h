// The addresses and ports that an agent may probe.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/ip_address.h"

namespace meshcheck::mesh {

// The server applies these rules before it assigns a peer, and the agent before it probes one: an
// agent's report could name any host's address as its own.

// Whether the address can be one host's on a network. Refuses unspecified, link-local, multicast
// and reserved addresses (RFC 6890), IPv4 addresses written as IPv6, and the addresses of clouds'
// metadata services, of which only one of Amazon's is not link-local.
bool may_be_peer(const IpAddress& address);
// Whether an agent with the addresses `own` may probe it. Only an agent on loopback alone may probe
// loopback addresses.
bool may_probe(std::span<const IpAddress> own, const IpAddress& address);
// Whether a reflector may listen there: on no port of the system's services.
constexpr bool may_be_peer_port(std::uint16_t port) {
  return port >= kUnprivilegedPortMin;
}

}  // namespace meshcheck::mesh

// Parses a DNS answer: addresses, or why there are none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lib/base/ip_address.h"

namespace meshcheck::probe {

// In one answer; further ones are left out.
inline constexpr std::size_t kDnsAddressesMax = 64;

// In rising order of weight: of several answers to one look-up the last in this order is the
// look-up's status.
enum class DnsStatus : std::uint8_t {
  kAnswered,      // With addresses.
  kNoName,        // There is no such name.
  kNoAddress,     // There is, but without addresses of that family.
  kBadName,       // The name is malformed; no question is sent.
  kMalformed,     // The answer cannot be parsed.
  kFormatError,   // The server does not understand the question, ...
  kNotSupported,  // ... does not support it, ...
  kRefused,       // ... or refuses this client.
  kServerFailure,
  kUnreachable,  // Nothing listens at the server's address.
  kTimedOut,
  kInternal,      // A failure of our own side, such as no memory, ...
  kNoPort,        // ... no port to ask from, ...
  kTooManyFiles,  // ... or no descriptor.
};
std::string_view text(DnsStatus status);  // "no such name", "server failure", "timed out", ...
DnsStatus dns_status(int ares_status);

struct DnsRecords {
  DnsStatus status = DnsStatus::kMalformed;
  std::vector<IpAddress>
      addresses;  // As the server orders them; only if kAnswered, then not empty.
};
// `message` answers a question for the addresses of `family`.
DnsRecords parse_dns_answer(IpAddress::Family family, std::span<const std::uint8_t> message);

}  // namespace meshcheck::probe

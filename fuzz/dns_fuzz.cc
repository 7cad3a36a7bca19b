// DNS answers of any server. The first byte chooses the family that was asked for.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "probe/dns_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshcheck;
  if (size == 0) return 0;
  const auto family = (data[0] & 1) != 0 ? IpAddress::Family::kIpv6 : IpAddress::Family::kIpv4;
  const auto records = probe::parse_dns_answer(family, std::span(data + 1, size - 1));
  const bool answered = records.status == probe::DnsStatus::kAnswered;
  if (answered == records.addresses.empty()) std::abort();
  if (records.addresses.size() > probe::kDnsAddressesMax) std::abort();
  for (const IpAddress& address : records.addresses) {
    if (address.family() != family) std::abort();
  }
  return 0;
}

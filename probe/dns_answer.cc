#include "probe/dns_answer.h"

#include <ares.h>

#include <array>
#include <optional>

#include "lib/base/own_fault.h"

namespace meshcheck::probe {
namespace {

constexpr std::size_t kHeaderSize = 12;
constexpr std::size_t kMessageSizeMax = 65535;

// RFC 1035 section 4.1.1; nothing if the server says that all is well.
std::optional<DnsStatus> header_fault(std::span<const std::uint8_t> message) {
  switch (message[3] & 0x0fU) {
    case 0:
      return std::nullopt;
    case 1:
      return DnsStatus::kFormatError;
    case 2:
      return DnsStatus::kServerFailure;
    case 3:
      return DnsStatus::kNoName;
    case 4:
      return DnsStatus::kNotSupported;
    default:
      return DnsStatus::kRefused;
  }
}

int parse(std::span<const std::uint8_t> message, std::array<ares_addrttl, kDnsAddressesMax>& found,
          int& count) {
  return ares_parse_a_reply(message.data(), static_cast<int>(message.size()), nullptr, found.data(),
                            &count);
}
int parse(std::span<const std::uint8_t> message, std::array<ares_addr6ttl, kDnsAddressesMax>& found,
          int& count) {
  return ares_parse_aaaa_reply(message.data(), static_cast<int>(message.size()), nullptr,
                               found.data(), &count);
}

std::span<const std::uint8_t> bytes_of(const ares_addrttl& record) {
  return {reinterpret_cast<const std::uint8_t*>(&record.ipaddr), sizeof record.ipaddr};
}
std::span<const std::uint8_t> bytes_of(const ares_addr6ttl& record) {
  return {reinterpret_cast<const std::uint8_t*>(&record.ip6addr), sizeof record.ip6addr};
}

template <typename Record>
DnsRecords read(std::span<const std::uint8_t> message) {
  std::array<Record, kDnsAddressesMax> found{};
  int count = kDnsAddressesMax;
  const int status = parse(message, found, count);
  if (status != ARES_SUCCESS) return {.status = dns_status(status), .addresses = {}};
  DnsRecords records{.status = DnsStatus::kAnswered, .addresses = {}};
  for (const Record& record : std::span(found).first(static_cast<std::size_t>(count))) {
    records.addresses.push_back(IpAddress::from_bytes(bytes_of(record)));
  }
  if (records.addresses.empty()) records.status = DnsStatus::kNoAddress;
  return records;
}

}  // namespace

std::string_view text(DnsStatus status) {
  switch (status) {
    case DnsStatus::kAnswered:
      return "answered";
    case DnsStatus::kNoName:
      return "no such name";
    case DnsStatus::kNoAddress:
      return "no address of that name";
    case DnsStatus::kBadName:
      return "not a name";
    case DnsStatus::kMalformed:
      return "malformed answer";
    case DnsStatus::kFormatError:
      return "format error";
    case DnsStatus::kNotSupported:
      return "not supported by the server";
    case DnsStatus::kRefused:
      return "refused by the server";
    case DnsStatus::kServerFailure:
      return "server failure";
    case DnsStatus::kUnreachable:
      return "server unreachable";
    case DnsStatus::kTimedOut:
      return "timed out";
    case DnsStatus::kInternal:
      return "look-up failed on this side";
    case DnsStatus::kNoPort:
      return kNoPortLeft;
    case DnsStatus::kTooManyFiles:
      return kTooManyFiles;
  }
  return "";
}

DnsStatus dns_status(int ares_status) {
  switch (ares_status) {
    case ARES_SUCCESS:
      return DnsStatus::kAnswered;
    case ARES_ENODATA:
      return DnsStatus::kNoAddress;
    case ARES_EFORMERR:
      return DnsStatus::kFormatError;
    case ARES_ESERVFAIL:
      return DnsStatus::kServerFailure;
    case ARES_ENOTFOUND:
      return DnsStatus::kNoName;
    case ARES_ENOTIMP:
      return DnsStatus::kNotSupported;
    case ARES_EREFUSED:
      return DnsStatus::kRefused;
    case ARES_EBADNAME:
    case ARES_EBADSTR:
    case ARES_EBADQUERY:
      return DnsStatus::kBadName;
    case ARES_EBADRESP:
      return DnsStatus::kMalformed;
    case ARES_ECONNREFUSED:
      return DnsStatus::kUnreachable;
    case ARES_ETIMEOUT:
      return DnsStatus::kTimedOut;
    default:
      return DnsStatus::kInternal;
  }
}

DnsRecords parse_dns_answer(IpAddress::Family family, std::span<const std::uint8_t> message) {
  if (message.size() < kHeaderSize || message.size() > kMessageSizeMax) return {};
  if (const auto fault = header_fault(message)) return {.status = *fault, .addresses = {}};
  return family == IpAddress::Family::kIpv4 ? read<ares_addrttl>(message)
                                            : read<ares_addr6ttl>(message);
}

}  // namespace meshcheck::probe

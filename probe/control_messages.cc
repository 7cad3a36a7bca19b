#include "probe/control_messages.h"

#include <linux/errqueue.h>
#include <netinet/in.h>

#include <chrono>
#include <cstring>
#include <span>

namespace meshcheck::probe {
namespace {

template <typename Value>
Value read_as(const cmsghdr& message) {
  Value value{};
  std::memcpy(&value, CMSG_DATA(&message), sizeof value);
  return value;
}

template <typename Address>
IpAddress to_address(const Address& raw) {
  std::array<std::uint8_t, sizeof raw> bytes{};
  std::memcpy(bytes.data(), &raw, sizeof raw);
  return IpAddress::from_bytes(bytes);
}

std::optional<WallTime> to_time(const timespec& time) {
  if (time.tv_sec == 0 && time.tv_nsec == 0) return std::nullopt;
  return WallTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

ControlData::Error read_error(const cmsghdr& message) {
  struct WithReporter {  // As SO_EE_OFFENDER() finds it.
    sock_extended_err error;
    sockaddr_in6 reporter;
  };
  WithReporter read{};
  const std::size_t size = message.cmsg_len - CMSG_LEN(0);
  std::memcpy(&read, CMSG_DATA(&message), size < sizeof read ? size : sizeof read);
  ControlData::Error error{.number = static_cast<int>(read.error.ee_errno),
                           .origin = read.error.ee_origin,
                           .type = read.error.ee_type,
                           .code = read.error.ee_code,
                           .info = read.error.ee_info,
                           .data = read.error.ee_data};
  if (read.reporter.sin6_family == AF_INET || read.reporter.sin6_family == AF_INET6) {
    sockaddr_storage storage{};
    std::memcpy(&storage, &read.reporter, sizeof read.reporter);
    error.reporter = Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage)).address;
  }
  return error;
}

void read_ipv4(const cmsghdr& message, ControlData& data) {
  switch (message.cmsg_type) {
    case IP_PKTINFO:
      data.local = to_address(read_as<in_pktinfo>(message).ipi_addr);
      break;
    case IP_TTL:
      data.ttl = static_cast<std::uint8_t>(read_as<int>(message));
      break;
    case IP_RECVERR:
      data.error = read_error(message);
      break;
    default:
      break;
  }
}

void read_ipv6(const cmsghdr& message, ControlData& data) {
  switch (message.cmsg_type) {
    case IPV6_PKTINFO:
      data.local = to_address(read_as<in6_pktinfo>(message).ipi6_addr);
      break;
    case IPV6_HOPLIMIT:
      data.ttl = static_cast<std::uint8_t>(read_as<int>(message));
      break;
    case IPV6_RECVERR:
      data.error = read_error(message);
      break;
    default:
      break;
  }
}

template <typename Value>
std::size_t put(int level, int type, const Value& value, ControlBuffer& buffer) {
  cmsghdr header{.cmsg_len = CMSG_LEN(sizeof value), .cmsg_level = level, .cmsg_type = type};
  std::memcpy(buffer.data(), &header, sizeof header);
  std::memcpy(buffer.data() + CMSG_LEN(0), &value, sizeof value);
  return CMSG_SPACE(sizeof value);
}

}  // namespace

ControlData read_control(const msghdr& header) {
  ControlData data;
  // CMSG_NXTHDR() wants a header that it may write to.
  msghdr copy = header;
  for (const cmsghdr* message = CMSG_FIRSTHDR(&copy); message != nullptr;
       message = CMSG_NXTHDR(&copy, const_cast<cmsghdr*>(message))) {
    if (message->cmsg_level == IPPROTO_IP) {
      read_ipv4(*message, data);
    } else if (message->cmsg_level == IPPROTO_IPV6) {
      read_ipv6(*message, data);
    } else if (message->cmsg_level == SOL_SOCKET && message->cmsg_type == SO_TIMESTAMPING) {
      data.time = to_time(read_as<scm_timestamping>(*message).ts[0]);
    }
  }
  return data;
}

std::size_t put_source(const IpAddress& address, std::uint32_t link, ControlBuffer& buffer) {
  if (address.family() == IpAddress::Family::kIpv4) {
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(link);
    std::memcpy(&info.ipi_spec_dst, address.bytes().data(), sizeof info.ipi_spec_dst);
    return put(IPPROTO_IP, IP_PKTINFO, info, buffer);
  }
  in6_pktinfo info{};
  info.ipi6_ifindex = link;
  std::memcpy(&info.ipi6_addr, address.bytes().data(), sizeof info.ipi6_addr);
  return put(IPPROTO_IPV6, IPV6_PKTINFO, info, buffer);
}

}  // namespace meshcheck::probe

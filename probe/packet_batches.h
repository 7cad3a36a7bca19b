// The packets of one recvmmsg() and of one sendmmsg(): for timestamped_socket.cc alone.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "lib/base/ip_address.h"
#include "probe/control_messages.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {

union Address {
  sockaddr generic;
  sockaddr_in ipv4;
  sockaddr_in6 ipv6;
};

inline socklen_t put_address(const Endpoint& endpoint, Address& address) {
  sockaddr_storage storage;
  std::memcpy(&address, endpoint.to_sockaddr(storage), sizeof address);
  return address.generic.sa_family == AF_INET ? sizeof address.ipv4 : sizeof address.ipv6;
}

// The buffers of recvmmsg(). Memory is touched only as far as batches are long.
struct ReceivedBatch {
  explicit ReceivedBatch(std::size_t size_max)
      : slot_size(size_max),
        bytes(std::make_unique_for_overwrite<std::uint8_t[]>(TimestampedSocket::kBatchMax *
                                                             size_max)) {
    for (std::size_t i = 0; i < TimestampedSocket::kBatchMax; ++i) {
      vectors[i] = {.iov_base = bytes.get() + i * slot_size, .iov_len = slot_size};
      headers[i].msg_hdr = {.msg_name = &names[i],
                            .msg_iov = &vectors[i],
                            .msg_iovlen = 1,
                            .msg_control = controls[i].data()};
    }
  }

  // Returns the number of messages, or a negative errno.
  int read(int descriptor, int flags) {
    for (std::size_t i = 0; i < used; ++i) {
      headers[i].msg_hdr.msg_namelen = sizeof(Address);
      headers[i].msg_hdr.msg_controllen = kControlSizeMax;
    }
    int count = 0;
    do {
      count = recvmmsg(descriptor, headers.data(), TimestampedSocket::kBatchMax, flags, nullptr);
    } while (count < 0 && errno == EINTR);
    used = count < 0 ? 0 : static_cast<std::size_t>(count);
    return count < 0 ? -errno : count;
  }

  std::span<const std::uint8_t> message(std::size_t i) const {
    return {bytes.get() + i * slot_size, std::min<std::size_t>(headers[i].msg_len, slot_size)};
  }
  Endpoint sender(std::size_t i) const {
    return headers[i].msg_hdr.msg_namelen == 0 ? Endpoint{}
                                               : Endpoint::from_sockaddr(&names[i].generic);
  }

  std::size_t slot_size;
  std::unique_ptr<std::uint8_t[]> bytes;
  std::array<Address, TimestampedSocket::kBatchMax> names{};
  std::array<iovec, TimestampedSocket::kBatchMax> vectors{};
  std::array<ControlBuffer, TimestampedSocket::kBatchMax> controls{};
  std::array<mmsghdr, TimestampedSocket::kBatchMax> headers{};
  std::size_t used = TimestampedSocket::kBatchMax;  // Headers that the kernel has written to.
};

// Packets on their way to sendmmsg(), one behind the other.
struct SendQueue {
  SendQueue()
      : bytes(std::make_unique_for_overwrite<std::uint8_t[]>(TimestampedSocket::kQueueSizeMax)) {}

  bool has_room(std::size_t size) const {
    return count < TimestampedSocket::kBatchMax && size <= TimestampedSocket::kQueueSizeMax - end;
  }
  void add(const TimestampedSocket::Packet& packet) {
    std::copy(packet.bytes.begin(), packet.bytes.end(), bytes.get() + end);
    vectors[count] = {.iov_base = bytes.get() + end, .iov_len = packet.bytes.size()};
    end += packet.bytes.size();
    msghdr& header = headers[count].msg_hdr;
    header = {.msg_name = &names[count], .msg_iov = &vectors[count], .msg_iovlen = 1};
    header.msg_namelen = put_address(packet.to, names[count]);
    if (packet.from) {
      header.msg_control = controls[count].data();
      header.msg_controllen = put_source(*packet.from, packet.to.scope, controls[count]);
    }
    fragmentations[count] = packet.fragmentation;
    cookies[count++] = packet.cookie;
  }

  std::unique_ptr<std::uint8_t[]> bytes;
  std::array<Address, TimestampedSocket::kBatchMax> names{};
  std::array<iovec, TimestampedSocket::kBatchMax> vectors{};
  std::array<ControlBuffer, TimestampedSocket::kBatchMax> controls{};
  std::array<mmsghdr, TimestampedSocket::kBatchMax> headers{};
  std::array<std::uint64_t, TimestampedSocket::kBatchMax> cookies{};
  std::array<TimestampedSocket::Fragmentation, TimestampedSocket::kBatchMax> fragmentations{};
  std::size_t count = 0;
  std::size_t end = 0;
};

}  // namespace meshcheck::probe

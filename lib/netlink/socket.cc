#include "lib/netlink/socket.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "lib/netlink/parse.h"

namespace meshcheck::netlink {
namespace {

// The kernel fills at most 32 KiB of a dump into one datagram.
constexpr std::size_t kDatagramSizeMax = 64U << 10U;
constexpr std::size_t kRequestSizeMax = 256;
using Request = std::array<char, kRequestSizeMax>;

std::uint16_t request_type(Socket::Table table) {
  switch (table) {
    case Socket::Table::kLinks:
      return RTM_GETLINK;
    case Socket::Table::kAddresses:
      return RTM_GETADDR;
    case Socket::Table::kRoutes:
      return RTM_GETROUTE;
    case Socket::Table::kNeighbours:
      return RTM_GETNEIGH;
  }
  return 0;
}

// The fixed header of each request; all zeros means both families.
std::size_t request_header_size(Socket::Table table) {
  switch (table) {
    case Socket::Table::kLinks:
      return sizeof(ifinfomsg);
    case Socket::Table::kAddresses:
      return sizeof(ifaddrmsg);
    case Socket::Table::kRoutes:
      return sizeof(rtmsg);
    case Socket::Table::kNeighbours:
      return sizeof(ndmsg);
  }
  return 0;
}

// Both the end of a dump and an error begin with a negative errno or 0.
int status_of(const Message& message) {
  return -read_as<std::int32_t>(message.payload).value_or(0);
}

bool would_block(int error_number) {
  return error_number == EAGAIN || error_number == EINTR;
}

void enlarge_receive_buffer(const mnl_socket* socket, int bytes) {
  const int descriptor = mnl_socket_get_fd(socket);
  // FORCE goes beyond net.core.rmem_max and needs a capability that few have.
  if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) == 0) return;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

}  // namespace

void Socket::Close::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Socket::Socket(std::unique_ptr<mnl_socket, Close> socket, Options options)
    : socket_(std::move(socket)), options_(options), buffer_(kDatagramSizeMax) {}

Result<Socket> Socket::open(Options options) {
  std::unique_ptr<mnl_socket, Close> socket(
      mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return Error::from_errno("open a netlink socket", errno);
  if (options.receive_buffer_bytes > 0) {
    enlarge_receive_buffer(socket.get(), options.receive_buffer_bytes);
  }
  if (mnl_socket_bind(socket.get(), options.groups, MNL_SOCKET_AUTOPID) != 0) {
    return Error::from_errno("bind a netlink socket", errno);
  }
  return Socket(std::move(socket), options);
}

int Socket::descriptor() const {
  return mnl_socket_get_fd(socket_.get());
}

Result<bool> Socket::dump(Table table, const OnMessage& on_message) {
  alignas(nlmsghdr) Request bytes{};
  nlmsghdr* const request = mnl_nlmsg_put_header(bytes.data());
  request->nlmsg_type = request_type(table);
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  mnl_nlmsg_put_extra_header(request, request_header_size(table));
  if (auto sent = send(request); !sent) return sent.error();
  interrupted_ = false;
  const auto deadline = Clock::now() + options_.timeout;
  while (true) {
    const auto datagram = receive_before(deadline);
    if (!datagram) return datagram.error();
    const auto complete = take_answer(*datagram, on_message);
    if (!complete) return complete.error();
    if (*complete) return !interrupted_;
  }
}

Result<std::optional<Neighbour>> Socket::neighbour(std::uint32_t link_index,
                                                   const IpAddress& address) {
  alignas(nlmsghdr) Request bytes{};
  nlmsghdr* const request = mnl_nlmsg_put_header(bytes.data());
  request->nlmsg_type = RTM_GETNEIGH;
  request->nlmsg_flags = NLM_F_REQUEST;
  auto* const header = static_cast<ndmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ndmsg)));
  header->ndm_family = address.family() == IpAddress::Family::kIpv4 ? AF_INET : AF_INET6;
  header->ndm_ifindex = static_cast<std::int32_t>(link_index);
  mnl_attr_put(request, NDA_DST, address.bytes().size(), address.bytes().data());
  if (auto sent = send(request); !sent) return sent.error();
  const auto datagram = receive_before(Clock::now() + options_.timeout);
  if (!datagram) return datagram.error();
  Bytes rest = *datagram;
  while (const auto message = next_message(rest)) {
    if (message->type == RTM_NEWNEIGH) return parse_neighbour(*message);
    if (message->type != NLMSG_ERROR) continue;
    const int status = status_of(*message);
    // ENODEV: the link is gone, and its neighbours with it.
    if (status == ENOENT || status == ENODEV) return std::optional<Neighbour>();
    return Error::from_errno("ask the kernel for a neighbour", status);
  }
  return Error("ask the kernel for a neighbour: an answer without content");
}

Result<void> Socket::send(nlmsghdr* request) {
  assert(options_.groups == 0 && "a socket for announcements does not ask");
  request->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), request, request->nlmsg_len) < 0) {
    return Error::from_errno("send to netlink", errno);
  }
  return {};
}

Result<bool> Socket::take_answer(Bytes datagram, const OnMessage& on_message) {
  while (const auto message = next_message(datagram)) {
    if ((message->flags & NLM_F_DUMP_INTR) != 0) interrupted_ = true;
    if (message->type == NLMSG_DONE || message->type == NLMSG_ERROR) {
      const int status = status_of(*message);
      if (status != 0) return Error::from_errno("read from netlink", status);
      return true;
    }
    on_message(*message);
  }
  return false;
}

// Skips what answers an earlier request, one that was given up.
Result<Bytes> Socket::receive_before(Clock::time_point deadline) {
  while (true) {
    const auto received = receive();
    if (!received) return received.error();
    if (received->status == Received::Status::kOverrun) {
      return Error("read from netlink: the answer was lost; too little memory for sockets");
    }
    if (received->status == Received::Status::kDatagram) {
      const auto first = read_as<nlmsghdr>(received->bytes);
      if (first && first->nlmsg_seq == sequence_) return received->bytes;
      continue;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting = {.fd = descriptor(), .events = POLLIN, .revents = 0};
    const int ready = left > 0 ? poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready == 0) return Error("read from netlink: no answer in time");
    if (ready < 0 && errno != EINTR) return Error::from_errno("poll netlink", errno);
  }
}

Result<Socket::Received> Socket::receive() {
  sockaddr_nl sender{};
  socklen_t sender_size = sizeof sender;
  // MSG_TRUNC: the length of the datagram, also when the buffer is shorter.
  const ssize_t size = recvfrom(descriptor(), buffer_.data(), buffer_.size(), MSG_TRUNC,
                                reinterpret_cast<sockaddr*>(&sender), &sender_size);
  if (size < 0 && errno == ENOBUFS) return Received{.status = Received::Status::kOverrun};
  if (size < 0 && would_block(errno)) return Received{};
  if (size < 0) return Error::from_errno("read from netlink", errno);
  const auto length = static_cast<std::size_t>(size);
  // What does not fit is lost as surely as what overran the socket.
  if (length > buffer_.size()) return Received{.status = Received::Status::kOverrun};
  // Only the kernel is port 0; a process may write to us if it may configure the network.
  const Bytes bytes = sender.nl_pid == 0 ? Bytes(buffer_).first(length) : Bytes();
  return Received{.status = Received::Status::kDatagram, .bytes = bytes};
}

}  // namespace meshcheck::netlink

// A netlink socket: questions to the kernel and its announcements.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/netlink/attributes.h"
#include "lib/netlink/neighbour.h"

struct mnl_socket;
struct nlmsghdr;

namespace meshcheck::netlink {

// Belongs to the network namespace in which it was opened and needs no capability. For questions
// one after the other, on one thread: each call blocks until the kernel's answer is complete, never
// longer than `timeout`. The kernel answers at once, out of its memory; 50,000 routes take some
// 50 ms.
class Socket {
 public:
  enum class Table : std::uint8_t { kLinks, kAddresses, kRoutes, kNeighbours };

  struct Options {
    std::chrono::milliseconds timeout{5000};
    // RTMGRP_* bits: announcements that receive() will see. With them the socket is no longer for
    // questions.
    std::uint32_t groups = 0;
    // For announcements. A larger buffer survives a longer burst; the kernel may grant less.
    int receive_buffer_bytes = 0;  // 0: the system's default.
  };
  using OnMessage = std::function<void(const Message&)>;

  static Result<Socket> open(Options options);

  // Hands out every entry of a table, of both families. False when the table changed meanwhile, so
  // that an entry may be missing or there twice: ask again.
  Result<bool> dump(Table table, const OnMessage& on_message);
  // One entry, without a dump of all; nothing when the kernel has none (Linux 5.0 and newer).
  Result<std::optional<Neighbour>> neighbour(std::uint32_t link_index, const IpAddress& address);

  // One datagram of announcements, without waiting.
  struct Received {
    enum class Status : std::uint8_t { kDatagram, kNothing, kOverrun };
    Status status = Status::kNothing;
    Bytes bytes;  // Valid until the next call.
  };
  Result<Received> receive();

  int descriptor() const;

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  Socket(std::unique_ptr<mnl_socket, Close> socket, Options options);
  Result<void> send(nlmsghdr* request);
  // Calls back with the messages that answer the request sent last; true at the end of the answer.
  Result<bool> take_answer(Bytes datagram, const OnMessage& on_message);
  Result<Bytes> receive_before(Clock::time_point deadline);

  std::unique_ptr<mnl_socket, Close> socket_;
  Options options_;
  std::uint32_t sequence_ = 0;
  bool interrupted_ = false;  // Of the dump under way.
  std::vector<std::uint8_t> buffer_;
};

}  // namespace meshcheck::netlink

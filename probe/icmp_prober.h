// ICMP echo probes of many hosts over one socket for each family.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"
#include "lib/uv/loop.h"
#include "mesh/icmp/echo.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {

// Datagram sockets where net.ipv4.ping_group_range has a group of this process, raw ones where it
// has CAP_NET_RAW, else none, and kind() names the setting to change. Accepts only replies to its
// own requests, which carry a random number of 64 bits. Remembers when the last kProbesMax probes
// were sent; the answer to an older one has no such time. On the loop's thread; not to be destroyed
// inside its own callbacks.
class IcmpProber {
 public:
  using Family = IpAddress::Family;
  static constexpr std::size_t kProbesMax = 1024;
  static constexpr std::size_t kPayloadSizeDefault = 56;  // As ping has it.

  struct Options {
    bool datagram = true;  // Try this kind, ...
    bool raw = true;       // ... and then this one.
    bool kernel_times = true;
  };
  struct Probe {
    std::uint32_t id = 0;  // The caller's, given back with the probe's result.
    std::uint64_t sequence = 0;
    Endpoint to;  // With a scope if link-local; the port is ignored.
    std::size_t payload_size = kPayloadSizeDefault;  // icmp::kPayloadSizeMin to kPayloadSizeMax.
  };
  struct Reply {
    std::uint32_t id = 0;
    std::uint64_t sequence = 0;
    IpAddress from;
    std::optional<WallTime> sent;
    WallTime received;
    bool kernel_times = false;  // Both are the kernel's.
  };
  struct Failure {
    std::uint32_t id = 0;
    std::uint64_t sequence = 0;
    std::string error;     // "host unreachable, says 10.0.0.1"
    int error_number = 0;  // Why the kernel did not send it; 0: it did, and an ICMP error came.
  };
  // None may send or flush. flush() calls on_failure too.
  struct Events {
    std::function<void(const Reply&)> on_reply;
    std::function<void(const Failure&)> on_failure;
  };

  IcmpProber(uv::Loop& loop, const Options& options, Events events);
  IcmpProber(const IcmpProber&) = delete;
  IcmpProber& operator=(const IcmpProber&) = delete;

  bool available(Family family) const { return socket(family).has_value(); }
  // "datagram", "raw", or for a person why there is no socket. Both families have the same kind,
  // unless one is missing.
  std::string kind() const;
  std::string kind(Family family) const;

  // Queued until flush(), or until a batch is full. REQUIRES: available().
  void send(const Probe& probe);
  void flush();
  // Reads the waiting replies; to be called before lost probes are counted. False: there may be
  // more.
  bool drain();
  // Replies that the kernel dropped because they were not read in time.
  std::uint64_t count_drops();

 private:
  struct Sent {
    std::uint64_t number = 0;
    std::uint32_t id = 0;
    std::uint64_t sequence = 0;
    IpAddress to;
    WallTime time;
    bool known = false;
    bool kernel_time = false;
  };
  struct Side {  // Of one family.
    std::optional<TimestampedSocket> socket;
    std::string kind;
  };

  void open(uv::Loop& loop, Family family, const Options& options);
  std::optional<TimestampedSocket>& socket(Family family);
  const std::optional<TimestampedSocket>& socket(Family family) const;
  void received(Family family, const TimestampedSocket::Received& packet);
  void transmitted(const TimestampedSocket::Transmitted& packet);
  void failed(Family family, const TimestampedSocket::Failure& failure);
  Sent& slot(std::uint64_t number) { return sent_[number % kProbesMax]; }

  Events events_;
  std::uint64_t nonce_ = 0;
  std::uint16_t identifier_ = 0;   // Of raw sockets; the others get the kernel's.
  std::uint64_t next_number_ = 1;  // Its low bits are in the header.
  std::vector<Sent> sent_;         // A ring by number.
  std::vector<std::uint8_t> message_;
  std::array<Side, 2> sides_;  // IPv4, IPv6
};

}  // namespace meshcheck::probe

// A datagram socket for probes: packets go in and out in batches, with the kernel's times of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/uv/loop.h"

namespace meshcheck::probe {

// Owns one non-blocking socket of one family and watches it on the loop's thread. Destroying it
// silences it at once; destroying it inside its own callbacks fails an assertion.
//
// Packets are copied into a queue of `kBatchMax`, which goes out in one system call with flush() or
// when it is full; after a batch was received, the packets that its callbacks queued are flushed
// automatically. Right after sending, the kernel's times are read back: software times are
// available by then, and the loop need not wake up for them. Bounds: kBatchMax packets and
// kQueueSizeMax bytes queued, kBatchesMax batches read in a turn of the loop.
class TimestampedSocket {
 public:
  static constexpr std::size_t kBatchMax = 32;
  static constexpr std::size_t kQueueSizeMax = 64 * 1024;
  static constexpr std::size_t kBatchesMax = 8;
  // Bytes kept of a packet that an ICMP error quotes.
  static constexpr std::size_t kQuoteSizeMax = 128;

  // Both ICMP kinds carry echo messages, beginning with the type. They send requests and receive
  // only replies. kIcmpDatagram needs a group within ping_group_range; the kernel fills in the
  // checksum and the identifier, which is local().port, and delivers only their replies. kIcmpRaw
  // needs CAP_NET_RAW and receives the replies to all programs; the kernel makes the checksum of
  // ICMPv6, the caller that of ICMP.
  enum class Kind : std::uint8_t { kUdp, kIcmpDatagram, kIcmpRaw };

  // Whether a packet may travel in fragments. The path's MTU that the kernel remembers and a
  // route's own MTU cut only packets of kDefault, and IPv6 fragments, which no router could make
  // smaller. That, and which ICMP errors are reported, was found by experiment with Linux 6.18.
  enum class Fragmentation : std::uint8_t {
    kDefault,  // As the kernel does by itself.
    kNever,    // DF. A packet larger than the own link fails with EMSGSIZE and the link's MTU.
    kAllowed,  // No DF; a packet larger than the own link is sent in fragments.
    kUnlessTooLarge,  // As kNever, but a packet larger than the own link as kAllowed.
  };

  struct Options {
    Kind kind = Kind::kUdp;
    Endpoint local;  // Its family is the socket's. Port 0: the kernel chooses.
    bool kernel_times = true;
    bool wants_local_address = false;    // Received::local is set.
    bool wants_ttl = false;              // Received::ttl is set.
    std::size_t packet_size_max = 2048;  // Larger ones are cut off by the kernel, and dropped here.
    int receive_buffer_bytes = 1 << 20;  // Asked for; the kernel may give less.
  };

  struct Packet {
    std::span<const std::uint8_t> bytes;  // At most kQueueSizeMax.
    Endpoint to;
    std::optional<IpAddress> from;  // One of this host's; else the kernel chooses.
    std::uint64_t cookie = 0;       // Given back with the packet's result.
    Fragmentation fragmentation = Fragmentation::kDefault;
  };

  struct Received {
    std::span<const std::uint8_t> bytes;  // Valid during the call.
    Endpoint from;
    IpAddress local;       // Where it was sent to; only if wanted.
    std::uint8_t ttl = 0;  // Or hop limit, as it arrived; only if wanted.
    WallTime time;
    bool kernel_time = false;  // Else it was taken after the packet was read.
  };

  struct Transmitted {
    std::uint64_t cookie = 0;
    WallTime time;
    bool kernel_time = false;  // Else it was taken before the packet was handed to the kernel.
  };

  // A packet was not sent, or an ICMP error came for one.
  struct Failure {
    int error_number = 0;  // ECONNREFUSED, EHOSTUNREACH, EMSGSIZE, ENOBUFS, EPERM, EAGAIN, ...
    Endpoint to;           // The packet's destination.
    // Of a packet that was not sent. An ICMP error has none, but quotes the packet's beginning.
    std::optional<std::uint64_t> cookie;
    std::span<const std::uint8_t> quote;  // Without headers below ours; valid during the call.
    std::optional<IpAddress> reporter;    // The sender of the ICMP error.
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
    // With EMSGSIZE, if known: the MTU of the next link, or of our own if there is no reporter.
    std::uint32_t mtu = 0;

    std::string text() const;  // "connection refused", "no route to host, says 10.0.0.1"
  };

  // Any may be empty. None may send or flush but on_received, which may send. A packet for which
  // neither on_transmitted nor on_failure is called was sent, without a time from the kernel.
  struct Events {
    std::function<void(const Received&)> on_received;
    std::function<void(const Transmitted&)> on_transmitted;
    std::function<void(const Failure&)> on_failure;
  };

  static Result<TimestampedSocket> open(uv::Loop& loop, const Options& options, Events events);

  TimestampedSocket(TimestampedSocket&&) noexcept;
  TimestampedSocket& operator=(TimestampedSocket&&) noexcept;
  ~TimestampedSocket();

  // Sends at once or not at all: a packet that the kernel has no room for is a failure, and is not
  // kept.
  void send(const Packet& packet);
  void flush();
  // Reads the waiting packets without an event of the loop. False: there were more than kDrainMax.
  static constexpr std::size_t kDrainMax = 2048;
  bool drain();

  Endpoint local() const;
  bool kernel_times() const;  // False: the kernel refused, or they were not asked for.
  // Packets that the kernel dropped because they were not read in time. The kernel counts damaged
  // ones together with these; a drop is counted here only if many packets were waiting since the
  // last call.
  std::uint64_t count_drops();
  std::uint64_t truncated() const;  // Received, but larger than packet_size_max.

 private:
  struct Node;
  explicit TimestampedSocket(std::unique_ptr<Node> node);

  std::unique_ptr<Node> node_;
};

}  // namespace meshcheck::probe

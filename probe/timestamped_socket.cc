#include "probe/timestamped_socket.h"

#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cassert>
#include <cerrno>
#include <utility>

#include "lib/uv/fd_watcher.h"
#include "probe/control_messages.h"
#include "probe/descriptor.h"
#include "probe/errno_text.h"
#include "probe/packet_batches.h"
#include "probe/socket_setup.h"

namespace meshcheck::probe {
namespace {

constexpr std::size_t kBatch = TimestampedSocket::kBatchMax;
// Sent packets whose transmit time may still come.
constexpr std::size_t kAwaitedMax = 256;

using Fragmentation = TimestampedSocket::Fragmentation;
using Kind = TimestampedSocket::Kind;
using Options = TimestampedSocket::Options;

std::span<const std::uint8_t> without_ip_header(std::span<const std::uint8_t> packet) {
  if (packet.empty()) return packet;
  const std::size_t size = std::size_t{packet[0] & 0x0fU} * 4;
  return packet.subspan(std::min(size, packet.size()));
}

}  // namespace

struct TimestampedSocket::Node {
  Node(Descriptor opened, const Options& given, Events handlers)
      : socket(std::move(opened)),
        options(given),
        events(std::move(handlers)),
        received(given.packet_size_max),
        errors(kQuoteSizeMax) {}
  ~Node() { assert(callbacks == 0 && "destroyed inside its own callback"); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void on_ready(bool has_errors);
  bool receive(std::size_t batches_max);
  void hand_over(std::size_t i, WallTime now);
  void flush();
  int send_run(std::size_t first);
  bool set_discovery(Fragmentation fragmentation);
  void sent(std::size_t first, std::size_t count, WallTime now);
  void refused(std::size_t i, int error_number);
  void read_errors();
  void take_error(std::size_t i);
  void transmitted(std::uint32_t id, WallTime time);
  template <typename Callback, typename Argument>
  void call(const Callback& callback, const Argument& argument) {
    if (!callback) return;
    ++callbacks;
    callback(argument);
    --callbacks;
  }

  Descriptor socket;
  Options options;
  Events events;
  SendQueue queue;
  ReceivedBatch received;
  ReceivedBatch errors;
  bool kernel_times = false;
  bool flushing = false;
  int discovery_default = 0;       // As the kernel has it for new sockets.
  int discovery = 0;               // IP_MTU_DISCOVER or IPV6_MTU_DISCOVER, as it is now.
  std::uint32_t own_link_mtu = 0;  // With the last EMSGSIZE of our own kernel; 0: there was none.
  int callbacks = 0;               // Under way.
  WallTime counted_since;          // When the kernel's count began.
  std::uint32_t next_id = 0;       // As the kernel counts.
  std::array<std::uint64_t, kAwaitedMax> cookies{};  // By id.
  std::bitset<kAwaitedMax> told;                     // Likewise: its time has come.
  std::size_t awaited = 0;  // Times that were not read yet and could be any moment.
  std::uint64_t truncated = 0;
  std::uint32_t drops_seen = 0;
  std::size_t waiting = 0;       // Bytes of kernel memory read in this run...
  std::size_t waiting_most = 0;  // ... and in the longest one.
  std::optional<uv::FdWatcher> watcher;
};

void TimestampedSocket::Node::on_ready(bool has_errors) {
  // Times before replies: a reply is worth more to who knows when its probe left.
  if (has_errors || awaited > 0) read_errors();
  awaited = 0;
  receive(kBatchesMax);
}

// False: there may be more.
bool TimestampedSocket::Node::receive(std::size_t batches_max) {
  for (std::size_t i = 0; i < batches_max; ++i) {
    const int count = received.read(socket.get(), 0);
    if (count == -EAGAIN) {
      waiting = 0;
      return true;
    }
    if (count < 0) {  // An ICMP error, which is told once here and once on the error queue.
      read_errors();
      continue;
    }
    const WallTime now = WallClock::now();
    for (std::size_t k = 0; k < received.used; ++k) hand_over(k, now);
    if (queue.count > 0) flush();
    waiting_most = std::max(waiting_most, waiting);
    if (received.used < kBatch) {
      waiting = 0;
      return true;
    }
  }
  return false;
}

void TimestampedSocket::Node::hand_over(std::size_t i, WallTime now) {
  // About what the kernel charges the socket for a packet beyond its bytes.
  constexpr std::size_t kOverhead = 512;
  waiting += received.message(i).size() + kOverhead;
  const msghdr& header = received.headers[i].msg_hdr;
  if ((header.msg_flags & MSG_TRUNC) != 0) {
    ++truncated;
    return;
  }
  const ControlData control = read_control(header);
  const bool has_header = options.kind == Kind::kIcmpRaw && is_ipv4(options);
  call(events.on_received,
       Received{.bytes = has_header ? without_ip_header(received.message(i)) : received.message(i),
                .from = received.sender(i),
                .local = control.local,
                .ttl = control.ttl,
                .time = control.time.value_or(now),
                .kernel_time = control.time.has_value()});
}

void TimestampedSocket::Node::flush() {
  assert(!flushing && "on_transmitted and on_failure do not send");
  flushing = true;
  const WallTime now = WallClock::now();
  std::size_t done = 0;
  std::size_t retried = kBatch;  // The packet that was tried again.
  bool uncertain = false;
  while (done < queue.count) {
    own_link_mtu = 0;
    const int count = send_run(done);
    if (count > 0) {
      sent(done, static_cast<std::size_t>(count), now);
      done += static_cast<std::size_t>(count);
      continue;
    }
    const int error_number = errno;
    if (error_number == EINTR) continue;
    uncertain = true;
    read_errors();
    // Our own link's doing, and not the ICMP error of an earlier packet.
    if (own_link_mtu != 0 && queue.fragmentations[done] == Fragmentation::kUnlessTooLarge) {
      queue.fragmentations[done] = Fragmentation::kAllowed;
      continue;
    }
    // A send also fails with the ICMP error of an earlier packet, which has just been cleared.
    if (own_link_mtu == 0 && std::exchange(retried, done) != done) continue;
    refused(done++, error_number);
  }
  // In no other mode would the kernel tell of all ICMP errors.
  if (discovery != discovery_default) set_discovery(Fragmentation::kNever);
  // Whether the kernel counted what it did not send depends on how far it came, and on its version.
  if (uncertain && kernel_times) {
    read_errors();
    count_packets_anew(socket);
    counted_since = WallClock::now();
    next_id = 0;
    awaited = 0;
  }
  if (awaited > 0) read_errors();
  queue.count = 0;
  queue.end = 0;
  flushing = false;
}

// From `first` on, as many as may be fragmented alike.
int TimestampedSocket::Node::send_run(std::size_t first) {
  const Fragmentation fragmentation = queue.fragmentations[first];
  std::size_t end = first + 1;
  while (end < queue.count && queue.fragmentations[end] == fragmentation) ++end;
  if (!set_discovery(fragmentation)) return -1;
  return sendmmsg(socket.get(), queue.headers.data() + first, static_cast<unsigned>(end - first),
                  0);
}

bool TimestampedSocket::Node::set_discovery(Fragmentation fragmentation) {
  const bool ipv4 = is_ipv4(options);
  const int wanted = discovery_of(fragmentation, ipv4, discovery_default);
  if (wanted == discovery) return true;
  const bool accepted = write_discovery(socket, ipv4, wanted);
  if (accepted) discovery = wanted;
  return accepted;
}

void TimestampedSocket::Node::sent(std::size_t first, std::size_t count, WallTime now) {
  for (std::size_t i = first; i < first + count; ++i) {
    if (kernel_times) {
      told.reset(next_id % kAwaitedMax);
      cookies[next_id++ % kAwaitedMax] = queue.cookies[i];
      ++awaited;
    } else {
      call(events.on_transmitted, Transmitted{.cookie = queue.cookies[i], .time = now});
    }
  }
}

void TimestampedSocket::Node::refused(std::size_t i, int error_number) {
  call(events.on_failure, Failure{.error_number = error_number,
                                  .to = Endpoint::from_sockaddr(&queue.names[i].generic),
                                  .cookie = queue.cookies[i],
                                  .mtu = error_number == EMSGSIZE ? own_link_mtu : 0});
}

// Both the transmit times and the ICMP errors.
void TimestampedSocket::Node::read_errors() {
  for (std::size_t batch = 0; batch < kBatchesMax; ++batch) {
    if (errors.read(socket.get(), MSG_ERRQUEUE) < 0) return;
    for (std::size_t i = 0; i < errors.used; ++i) take_error(i);
    if (errors.used < kBatch || awaited == 0) return;
  }
}

void TimestampedSocket::Node::take_error(std::size_t i) {
  const ControlData control = read_control(errors.headers[i].msg_hdr);
  if (!control.error) return;
  const ControlData::Error& error = *control.error;
  if (error.origin == SO_EE_ORIGIN_TIMESTAMPING) {
    if (control.time) transmitted(error.data, *control.time);
    return;
  }
  // What the kernel itself refuses, it also says in answer to the send.
  if (error.origin == SO_EE_ORIGIN_LOCAL) {
    if (error.number == EMSGSIZE) own_link_mtu = error.info;
    return;
  }
  call(events.on_failure, Failure{.error_number = error.number,
                                  .to = errors.sender(i),
                                  .quote = errors.message(i),
                                  .reporter = error.reporter,
                                  .icmp_type = error.type,
                                  .icmp_code = error.code,
                                  .mtu = error.number == EMSGSIZE ? error.info : 0});
}

void TimestampedSocket::Node::transmitted(std::uint32_t id, WallTime time) {
  const std::uint32_t age = next_id - id;
  // Of an earlier count it may be, held up on its way, and not this one's packet.
  if (age == 0 || age > kAwaitedMax || time < counted_since) return;
  // Each virtual link that it crosses on this machine tells; the first one is where it left us.
  if (told.test(id % kAwaitedMax)) return;
  told.set(id % kAwaitedMax);
  if (awaited > 0) --awaited;
  call(events.on_transmitted,
       Transmitted{.cookie = cookies[id % kAwaitedMax], .time = time, .kernel_time = true});
}

std::string TimestampedSocket::Failure::text() const {
  std::string text = errno_text(error_number);
  if (reporter && *reporter != to.address) text += ", says " + reporter->text();
  return text;
}

Result<TimestampedSocket> TimestampedSocket::open(uv::Loop& loop, const Options& options,
                                                  Events events) {
  assert(options.packet_size_max > 0);
  auto socket = open_descriptor(options);
  if (!socket) return socket.error();
  if (auto configured = configure(*socket, options); !configured) return configured.error();
  auto node = std::make_unique<Node>(*std::move(socket), options, std::move(events));
  node->kernel_times = options.kernel_times && count_packets_anew(node->socket);
  node->discovery = node->discovery_default = read_discovery(node->socket, is_ipv4(options));
  node->watcher.emplace(loop, node->socket.get(),
                        [raw = node.get()](uv::FdWatcher::Interest ready) {
                          // Only errors are told as writable, since that is not watched.
                          raw->on_ready(ready.writable);
                        });
  node->watcher->watch({.readable = true});
  return TimestampedSocket(std::move(node));
}

TimestampedSocket::TimestampedSocket(std::unique_ptr<Node> node) : node_(std::move(node)) {}
TimestampedSocket::TimestampedSocket(TimestampedSocket&&) noexcept = default;
TimestampedSocket& TimestampedSocket::operator=(TimestampedSocket&&) noexcept = default;
TimestampedSocket::~TimestampedSocket() = default;

void TimestampedSocket::send(const Packet& packet) {
  assert(packet.bytes.size() <= kQueueSizeMax);
  assert(!node_->flushing && "on_transmitted and on_failure do not send");
  if (!node_->queue.has_room(packet.bytes.size())) node_->flush();
  node_->queue.add(packet);
}

void TimestampedSocket::flush() {
  if (node_->queue.count > 0) node_->flush();
}

bool TimestampedSocket::drain() {
  flush();
  node_->read_errors();
  return node_->receive(kDrainMax / kBatchMax);
}

Endpoint TimestampedSocket::local() const {
  Address address{};
  socklen_t size = sizeof address;
  if (getsockname(node_->socket.get(), &address.generic, &size) != 0) return {};
  return Endpoint::from_sockaddr(&address.generic);
}

bool TimestampedSocket::kernel_times() const {
  return node_->kernel_times;
}

std::uint64_t TimestampedSocket::count_drops() {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  if (getsockopt(node_->socket.get(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return 0;
  const std::uint32_t drops = memory[SK_MEMINFO_DROPS];
  const std::uint32_t rise = drops - std::exchange(node_->drops_seen, drops);
  const std::size_t most = std::exchange(node_->waiting_most, 0);
  return most >= memory[SK_MEMINFO_RCVBUF] / 8 ? rise : 0;
}

std::uint64_t TimestampedSocket::truncated() const {
  return node_->truncated;
}

}  // namespace meshcheck::probe

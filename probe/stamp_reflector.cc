#include "probe/stamp_reflector.h"

#include <array>
#include <unordered_map>
#include <utility>

#include "probe/endpoint_hash.h"
#include "probe/random_number.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {
namespace {

// Replies whose transmit time may still come.
constexpr std::size_t kRepliesMax = 256;
constexpr std::chrono::seconds kForgetPeriod{1};

struct SenderId {
  IpAddress address;
  std::uint16_t ssid = 0;
  friend bool operator==(const SenderId&, const SenderId&) = default;
};
struct SenderIdHash {
  std::size_t operator()(const SenderId& id) const { return AddressHash()(id.address) + id.ssid; }
};

}  // namespace

struct StampReflector::Node {
  explicit Node(const Options& given)
      : options(given),
        reflector(given.reflector),
        budget(given.budget),
        out(given.reflector.reply_size_max) {}

  Result<TimestampedSocket> open(uv::Loop& loop, const char* address);
  void answer(TimestampedSocket& socket, const TimestampedSocket::Received& received);
  Result<stamp::Reflector::Reply> reflect(const TimestampedSocket::Received& received);
  void transmitted(const TimestampedSocket::Transmitted& sent);
  void note(const SenderId& sender, Clock::time_point now);

  Options options;
  stamp::Reflector reflector;
  stamp::ReplyBudget budget;
  std::optional<stamp::Key> current;
  std::optional<stamp::Key> previous;
  std::vector<std::uint8_t> out;
  std::array<stamp::Reflector::Reply, kRepliesMax> awaited;
  std::uint64_t next_cookie = 0;
  Counts counts;
  std::unordered_map<SenderId, Clock::time_point, SenderIdHash> heard;
  Clock::time_point forgotten;
  std::uint16_t port = 0;
  std::string missing;
  std::optional<TimestampedSocket> ipv4;
  std::optional<TimestampedSocket> ipv6;
};

Result<TimestampedSocket> StampReflector::Node::open(uv::Loop& loop, const char* address) {
  const bool is_ipv4 = address[0] == '0';
  Endpoint local;
  local.address = *IpAddress::parse(address);
  local.port = port;
  return TimestampedSocket::open(
      loop,
      {.local = local,
       .kernel_times = options.kernel_times,
       .wants_local_address = true,
       .wants_ttl = true,
       .packet_size_max = options.reflector.reply_size_max},
      {.on_received =
           [this, is_ipv4](const TimestampedSocket::Received& received) {
             answer(is_ipv4 ? *ipv4 : *ipv6, received);
           },
       .on_transmitted = [this](const TimestampedSocket::Transmitted& sent) { transmitted(sent); },
       .on_failure =
           [this](const TimestampedSocket::Failure& failure) {
             if (failure.cookie) --counts.replies;
           }});
}

void StampReflector::Node::answer(TimestampedSocket& socket,
                                  const TimestampedSocket::Received& received) {
  ++counts.requests;
  const auto reply = reflect(received);
  if (!reply) {
    ++counts.refused;
    return;
  }
  const Clock::time_point now = Clock::now();
  if (!reply->of_size) note({reply->session.peer.address, reply->session.ssid}, now);
  if (reply->packet.empty()) return;
  if (!budget.take(received.from.address, reply->packet.size(), now)) {
    ++counts.limited;
    return;
  }
  const std::uint64_t cookie = next_cookie++;
  awaited[cookie % kRepliesMax] = *reply;
  ++counts.replies;
  using Fragmentation = TimestampedSocket::Fragmentation;
  socket.send(
      {.bytes = reply->packet,
       .to = received.from,
       .from = received.local,
       .cookie = cookie,
       .fragmentation = reply->of_size ? Fragmentation::kUnlessTooLarge : Fragmentation::kDefault});
}

Result<stamp::Reflector::Reply> StampReflector::Node::reflect(
    const TimestampedSocket::Received& received) {
  // Nobody probes from a port of the system's services: an answer would be sent to one of them, to
  // which somebody else wants it sent. From a reflector's port comes no request either.
  if (received.from.port < kUnprivilegedPortMin) return Error("a request from a service's port");
  if (received.from.port == port || received.from.port == kPort) {
    return Error("a request from a reflector's port");
  }
  stamp::Reflector::Request request{.packet = received.bytes,
                                    .peer = received.from,
                                    .local = received.local,
                                    .key = nullptr,
                                    .received = received.time,
                                    .now = WallClock::now(),
                                    .ttl = received.ttl};
  Result<stamp::Reflector::Reply> reply = Error("no key yet");
  for (const auto* key : {&current, &previous}) {
    if (!*key) continue;
    request.key = &**key;
    reply = reflector.reflect(request, out);
    if (reply) return reply;
  }
  if (!options.open) return reply;
  request.key = nullptr;
  return reflector.reflect(request, out);
}

void StampReflector::Node::transmitted(const TimestampedSocket::Transmitted& sent) {
  using Method = stamp::FollowUpTelemetry::Method;
  if (!sent.kernel_time || next_cookie - sent.cookie > kRepliesMax) return;
  reflector.transmitted(awaited[sent.cookie % kRepliesMax], sent.time, Method::kSoftware);
}

void StampReflector::Node::note(const SenderId& sender, Clock::time_point now) {
  if (const auto found = heard.find(sender); found != heard.end()) {
    found->second = now;
    return;
  }
  if (heard.size() >= mesh::kReportHeardMax) {
    if (now - forgotten < kForgetPeriod) return;
    forgotten = now;
    std::erase_if(heard, [now](const auto& entry) { return now - entry.second > kHeardMax; });
    if (heard.size() >= mesh::kReportHeardMax) return;
  }
  heard.emplace(sender, now);
}

Result<StampReflector> StampReflector::start(uv::Loop& loop, const Options& options) {
  Options secret = options;
  secret.reflector.token_secret = random_number<decltype(secret.reflector.token_secret)>();
  secret.budget.seed = random_number<std::uint64_t>();
  auto node = std::make_unique<Node>(secret);
  node->port = options.port;
  auto ipv4 = node->open(loop, "0.0.0.0");
  if (ipv4) {
    node->ipv4.emplace(*std::move(ipv4));
    node->port = node->ipv4->local().port;
  } else {
    node->missing = ipv4.error().message();
  }
  auto ipv6 = node->open(loop, "::");
  if (ipv6) {
    node->ipv6.emplace(*std::move(ipv6));
    node->port = node->ipv6->local().port;
  } else {
    if (!node->ipv4) return Error(node->missing + "; " + ipv6.error().message());
    node->missing = ipv6.error().message();
  }
  return StampReflector(std::move(node));
}

StampReflector::StampReflector(std::unique_ptr<Node> node) : node_(std::move(node)) {}
StampReflector::StampReflector(StampReflector&&) noexcept = default;
StampReflector& StampReflector::operator=(StampReflector&&) noexcept = default;
StampReflector::~StampReflector() = default;

void StampReflector::set_keys(std::optional<stamp::Key> current,
                              std::optional<stamp::Key> previous) {
  node_->current = std::move(current);
  node_->previous = std::move(previous);
}

void StampReflector::set_open(bool open) {
  node_->options.open = open;
}

std::uint16_t StampReflector::port() const {
  return node_->port;
}

std::string StampReflector::missing() const {
  return node_->missing;
}

bool StampReflector::kernel_times() const {
  return (!node_->ipv4 || node_->ipv4->kernel_times()) &&
         (!node_->ipv6 || node_->ipv6->kernel_times());
}

StampReflector::Counts StampReflector::counts() const {
  return node_->counts;
}

std::uint64_t StampReflector::count_drops() {
  return (node_->ipv4 ? node_->ipv4->count_drops() : 0) +
         (node_->ipv6 ? node_->ipv6->count_drops() : 0);
}

std::vector<mesh::Heard> StampReflector::heard(Clock::time_point now) const {
  std::vector<mesh::Heard> list;
  for (const auto& [sender, at] : node_->heard) {
    if (now - at > kHeardMax) continue;
    list.push_back({.address = sender.address,
                    .ssid = sender.ssid,
                    .age = std::chrono::duration_cast<std::chrono::milliseconds>(now - at)});
  }
  return list;
}

}  // namespace meshcheck::probe

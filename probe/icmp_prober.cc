#include "probe/icmp_prober.h"

#include <cassert>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "probe/random_number.h"

namespace meshcheck::probe {
namespace {

using Kind = TimestampedSocket::Kind;

constexpr std::string_view kDatagram = "datagram";
constexpr std::string_view kRaw = "raw";
constexpr const char* kForbidden =
    "no ICMP: neither net.ipv4.ping_group_range nor CAP_NET_RAW allows it";
constexpr std::size_t kIpv4HeaderSizeMax = 60;

Endpoint any_address(IpAddress::Family family) {
  const std::array<std::uint8_t, 16> zeros{};
  return {.address = IpAddress::from_bytes(
              std::span(zeros).first(family == IpAddress::Family::kIpv4 ? 4 : 16))};
}

}  // namespace

IcmpProber::IcmpProber(uv::Loop& loop, const Options& options, Events events)
    : events_(std::move(events)),
      nonce_(random_number<std::uint64_t>()),
      identifier_(random_number<std::uint16_t>()),
      sent_(kProbesMax),
      message_(icmp::kHeaderSize + icmp::kPayloadSizeMax) {
  open(loop, Family::kIpv4, options);
  open(loop, Family::kIpv6, options);
}

void IcmpProber::open(uv::Loop& loop, Family family, const Options& options) {
  Side& side = sides_[index_of(family)];
  const TimestampedSocket::Events events{
      .on_received = [this, family](const auto& packet) { received(family, packet); },
      .on_transmitted = [this](const auto& packet) { transmitted(packet); },
      .on_failure = [this, family](const auto& failure) { failed(family, failure); }};
  TimestampedSocket::Options wanted{
      .local = any_address(family),
      .kernel_times = options.kernel_times,
      .packet_size_max = icmp::kHeaderSize + icmp::kPayloadSizeMax + kIpv4HeaderSizeMax};
  std::optional<Error> refusal;
  for (const Kind kind : {Kind::kIcmpDatagram, Kind::kIcmpRaw}) {
    if (!(kind == Kind::kIcmpDatagram ? options.datagram : options.raw)) continue;
    wanted.kind = kind;
    auto opened = TimestampedSocket::open(loop, wanted, events);
    if (opened) {
      side.socket.emplace(*std::move(opened));
      side.kind = kind == Kind::kIcmpDatagram ? kDatagram : kRaw;
      return;
    }
    refusal = opened.error();
  }
  // Whatever is wrong with a raw socket is wrong with every kind, but for this.
  const bool forbidden = refusal && refusal->error_number() == EPERM;
  side.kind = forbidden ? kForbidden : "no ICMP: " + (refusal ? refusal->message() : "");
}

std::optional<TimestampedSocket>& IcmpProber::socket(Family family) {
  return sides_[index_of(family)].socket;
}
const std::optional<TimestampedSocket>& IcmpProber::socket(Family family) const {
  return sides_[index_of(family)].socket;
}

std::string IcmpProber::kind() const {
  return kind(available(Family::kIpv4) || !available(Family::kIpv6) ? Family::kIpv4
                                                                    : Family::kIpv6);
}

std::string IcmpProber::kind(Family family) const {
  return sides_[index_of(family)].kind;
}

void IcmpProber::send(const Probe& probe) {
  const Family family = probe.to.address.family();
  assert(available(family));
  const std::uint64_t number = next_number_++;
  slot(number) = {
      .number = number, .id = probe.id, .sequence = probe.sequence, .to = probe.to.address};
  const auto message = std::span(message_).first(icmp::kHeaderSize + probe.payload_size);
  icmp::encode_request(family,
                       {.identifier = identifier_,
                        .number = static_cast<std::uint16_t>(number),
                        .path = probe.id,
                        .sequence = probe.sequence},
                       nonce_, message);
  Endpoint to = probe.to;
  to.port = 0;
  socket(family)->send({.bytes = message, .to = to, .from = {}, .cookie = number});
}

void IcmpProber::flush() {
  for (Side& side : sides_) {
    if (side.socket) side.socket->flush();
  }
}

bool IcmpProber::drain() {
  bool all = true;
  for (Side& side : sides_) {
    if (side.socket && !side.socket->drain()) all = false;
  }
  return all;
}

std::uint64_t IcmpProber::count_drops() {
  std::uint64_t drops = 0;
  for (Side& side : sides_) {
    if (side.socket) drops += side.socket->count_drops();
  }
  return drops;
}

void IcmpProber::received(Family family, const TimestampedSocket::Received& packet) {
  const auto echo = icmp::parse_reply(family, packet.bytes, nonce_);
  // Raw sockets hear the replies to everybody.
  if (!echo) return;
  Reply reply{.id = echo->path,
              .sequence = echo->sequence,
              .from = packet.from.address,
              .sent = {},
              .received = packet.time};
  // The number has 16 bits here; the ring is shorter than that, so only one slot can be meant.
  const Sent& sent = slot(echo->number);
  if (sent.known && sent.id == echo->path && sent.sequence == echo->sequence) {
    reply.sent = sent.time;
    reply.kernel_times = sent.kernel_time && packet.kernel_time;
  }
  if (events_.on_reply) events_.on_reply(reply);
}

void IcmpProber::transmitted(const TimestampedSocket::Transmitted& packet) {
  Sent& sent = slot(packet.cookie);
  if (sent.number != packet.cookie) return;
  sent.time = packet.time;
  sent.known = true;
  sent.kernel_time = packet.kernel_time;
}

void IcmpProber::failed(Family family, const TimestampedSocket::Failure& failure) {
  std::string error = failure.text();
  std::uint64_t number = 0;
  if (failure.cookie) {
    number = *failure.cookie;
  } else {
    const auto quote = icmp::parse_quote(family, failure.quote, nonce_);
    if (!quote) return;
    // A raw socket is told of errors for everybody, and a short quote says little of for whom.
    const bool raw = sides_[index_of(family)].kind == kRaw;
    if (raw && quote->identifier != identifier_) return;
    number = slot(quote->number).number;
    if (static_cast<std::uint16_t>(number) != quote->number) return;
    error = icmp::error_text(family, failure.icmp_type, failure.icmp_code);
    if (failure.reporter && *failure.reporter != failure.to.address) {
      error += ", says " + failure.reporter->text();
    }
  }
  const Sent& sent = slot(number);
  if (sent.number != number || number == 0 || sent.to != failure.to.address) return;
  if (events_.on_failure) {
    events_.on_failure({.id = sent.id,
                        .sequence = sent.sequence,
                        .error = error,
                        .error_number = failure.cookie ? failure.error_number : 0});
  }
}

}  // namespace meshcheck::probe

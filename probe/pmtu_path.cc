#include "probe/pmtu_path.h"

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "lib/base/own_fault.h"
#include "probe/packet_headers.h"

namespace meshcheck::probe {
namespace {

// A device without room for small packets has none for large ones either, for so long.
constexpr std::chrono::seconds kFull{5};

}  // namespace

PmtuPath::PmtuPath(const Options& options, const stamp::Key* key, Clock::time_point now)
    : options_(options),
      mtu_(options.mtu, now),
      sender_({.ssid = options.ssid, .window = kWindow, .first_sequence = options.first_sequence},
              key),
      next_sequence_(options.first_sequence) {
  assert(kLinkMtuMax + options.mtu->fragments.excess + stamp::kTlvHeaderSize <= kPacketSizeMax);
}

void PmtuPath::set_link_mtus(std::uint32_t own, std::uint32_t peer, Clock::time_point now) {
  mtu_.set_link_mtus(std::min(own, kLinkMtuMax), std::min(peer, kLinkMtuMax), now);
}

void PmtuPath::use_key(const stamp::Key* key, Clock::time_point now) {
  sender_.use_key(key);
  mtu_.starved(now);
}

stamp::Sender::Probe PmtuPath::shape(const mesh::PathMtu::Probe& probe) const {
  const auto payload = [this](std::size_t size) { return payload_of(size, options_.family); };
  stamp::Sender::Probe shape{.size = payload(probe.request_size),
                             .reply_size = static_cast<std::uint16_t>(payload(probe.reply_size)),
                             .exact = true,
                             .address_token = address_token_};
  const auto least = static_cast<std::uint16_t>(sender_.size_min(shape));
  if (*shape.reply_size < least) shape.reply_size = least;
  return shape;
}

std::optional<PmtuPath::Packet> PmtuPath::next(WallTime wall, Clock::time_point now,
                                               stamp::WritableBytes out) {
  const auto probe = mtu_.next(now);
  if (!probe) return std::nullopt;
  const stamp::Sender::Sent sent = sender_.send(shape(*probe), wall, out);
  cookies_[sent.sequence % kWindow] = probe->cookie;
  large_[sent.sequence % kWindow] = sent.packet.size() > kSmallMax;
  ++next_sequence_;
  // Of a large reply it is the reflector that decides.
  const bool fragments = !probe->dont_fragment && probe->direction == mesh::Direction::kForward;
  return Packet{.sequence = sent.sequence, .bytes = sent.packet, .dont_fragment = !fragments};
}

std::optional<std::uint32_t> PmtuPath::cookie_of(std::uint32_t sequence) const {
  const std::uint32_t age = static_cast<std::uint32_t>(next_sequence_) - sequence;
  if (age == 0 || age > kWindow || age > next_sequence_ - options_.first_sequence) {
    return std::nullopt;
  }
  return cookies_[sequence % kWindow];
}

bool PmtuPath::receive(stamp::Bytes packet, WallTime arrived, Clock::time_point now) {
  const auto answer = sender_.receive(packet, arrived);
  if (!answer) return false;
  const auto cookie = cookie_of(answer->sequence);
  if (answer->address_token && *answer->address_token != address_token_) {
    // Its reflector is new to us, or has started anew: what it did not dare to send is not lost.
    address_token_ = *answer->address_token;
    if (!answer->resized) mtu_.starved(now);
  }
  // Our reflector answers with a token. One without is another than before, or knows no tokens.
  if (answer->tlvs_trusted && !answer->address_token) obeyed_ = false;
  obeyed_ = obeyed_ || answer->resized;
  if (!obeyed_) mtu_.forget(now);
  if (cookie && answer->resized) mtu_.acknowledged(*cookie, now);
  return true;
}

void PmtuPath::not_sent(std::uint32_t sequence, int error_number, std::uint32_t mtu,
                        Clock::time_point now) {
  const auto cookie = cookie_of(sequence);
  if (!cookie) return;
  if (error_number == EMSGSIZE) {
    mtu_.refused(*cookie, mtu, now);
  } else if (own_fault(error_number) != OwnFault::kNone) {
    // ENOBUFS is a device's word for a packet that it dropped, be it for want of room or because
    // the other end of the wire takes none of that size, as with a veth. Then it is lost.
    const bool large = error_number == ENOBUFS && large_[sequence % kWindow];
    if (!large) full_at_ = now;
    if (full_at_ && now - *full_at_ < kFull) mtu_.starved(now);
  }
}

bool PmtuPath::too_big(stamp::Bytes quote, std::uint32_t mtu, const IpAddress& reporter,
                       Clock::time_point now) {
  if (quote.size() < stamp::kSequenceSize) return false;
  const auto cookie = cookie_of(stamp::get<std::uint32_t>(quote, 0));
  return cookie && mtu_.too_big(*cookie, mtu, reporter, now);
}

}  // namespace meshcheck::probe

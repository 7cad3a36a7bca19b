#include "mesh/stamp/sender.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace meshcheck::stamp {
namespace {

constexpr std::size_t kFollowUpSize = kTlvHeaderSize + FollowUpTelemetry::kValueSize;
constexpr std::size_t kControlSize = kTlvHeaderSize + ReflectedPacketControl::kValueSizeMin;
constexpr std::size_t kTokenTlvSize = kTlvHeaderSize + kAddressTokenSize;
constexpr std::size_t kHmacTlvSize = kTlvHeaderSize + kHmacSize;

std::uint64_t positive(std::int64_t difference) {
  return difference > 0 ? static_cast<std::uint64_t>(difference) : 0;
}

}  // namespace

Sender::Sender(Options options, const Key* key)
    : options_(options), key_(key), next_(options.first_sequence), in_flight_(options.window) {
  assert(options_.window > 0);
}

std::size_t Sender::size_min(const Probe& probe) const {
  const std::size_t control =
      probe.reply_size ? kControlSize + (probe.exact ? kTlvHeaderSize : 0) : 0;
  const std::size_t tlvs =
      (probe.follow_up ? kFollowUpSize : 0) + control + (probe.address_token ? kTokenTlvSize : 0);
  // Padding alone needs no HMAC TLV (RFC 8972 section 4.8).
  return base_size(key_) + tlvs + (tlvs > 0 && key_ != nullptr ? kHmacTlvSize : 0);
}

Sender::Sent Sender::send(const Probe& probe, WallTime now, WritableBytes out) {
  const auto sequence = static_cast<std::uint32_t>(next_);
  const auto timestamp = Timestamp::from(now, options_.error.format);
  encode(SenderPacket{.sequence = sequence,
                      .timestamp = timestamp,
                      .error = options_.error,
                      .ssid = options_.ssid},
         key_, out);

  TlvWriter writer(out, base_size(key_));
  if (probe.follow_up) {
    const auto value = writer.append(static_cast<std::uint8_t>(TlvType::kFollowUpTelemetry),
                                     kUnrecognized, FollowUpTelemetry::kValueSize);
    FollowUpTelemetry{}.encode(value);
  }
  if (probe.reply_size) {
    const auto value = writer.append(static_cast<std::uint8_t>(TlvType::kReflectedPacketControl),
                                     kUnrecognized, ReflectedPacketControl::kValueSizeMin);
    ReflectedPacketControl{.reply_size = *probe.reply_size}.encode(value);
    if (probe.exact) {
      writer.append(static_cast<std::uint8_t>(TlvType::kExactReplySize), kUnrecognized, 0);
    }
  }
  if (probe.address_token) {
    put(writer.append(static_cast<std::uint8_t>(TlvType::kAddressToken), kUnrecognized,
                      kAddressTokenSize),
        0, *probe.address_token);
  }
  const std::size_t least = size_min(probe);
  if (probe.size > least) {
    writer.append_padding(kUnrecognized, std::max(probe.size - least, kTlvHeaderSize));
  }
  if (key_ != nullptr && (probe.follow_up || probe.reply_size || probe.address_token)) {
    writer.append_hmac(kUnrecognized, *key_, base_size(key_));
  }

  InFlight& sent = in_flight_[next_ % options_.window];
  sent = {.sequence = next_, .sent = now, .timestamp = timestamp};
  if (probe.reply_size) {
    const std::size_t rounded = (std::size_t{*probe.reply_size} + 3) / 4 * 4;
    sent.reply_size = std::max(probe.exact ? *probe.reply_size : rounded, least);
  }
  ++next_;
  ++settled_.sent;
  return {.sequence = sequence, .packet = out.first(writer.size())};
}

Sender::InFlight* Sender::find(std::uint32_t sequence) {
  // How long ago it was sent, in probes; the difference wraps as the sequence does.
  const std::uint32_t age = static_cast<std::uint32_t>(next_) - sequence;
  if (age == 0 || age > options_.window || age > next_ - options_.first_sequence) return nullptr;
  InFlight& probe = in_flight_[(next_ - age) % options_.window];
  assert(probe.sequence == next_ - age);
  return &probe;
}

void Sender::transmitted(std::uint32_t sequence, WallTime time) {
  if (InFlight* probe = find(sequence)) probe->sent = time;
}

Result<Sender::Answer> Sender::receive(Bytes packet, WallTime received) {
  const auto reply = parse_reflector_packet(packet, key_);
  if (!reply) return reply.error();
  if (reply->ssid != options_.ssid && (reply->ssid != 0 || options_.ssid_required)) {
    return Error("a reply of session " + std::to_string(reply->ssid) + "; this one is " +
                 std::to_string(options_.ssid));
  }
  InFlight* probe = find(reply->sender_sequence);
  if (probe == nullptr) {
    return Error("a reply to probe " + std::to_string(reply->sender_sequence) +
                 ", which is none of the last " + std::to_string(options_.window));
  }
  if (reply->sender_timestamp != probe->timestamp) {
    return Error("a reply to probe " + std::to_string(reply->sender_sequence) +
                 " with a time that the probe did not carry");
  }
  const TimestampFormat format = reply->error.format;
  Answer answer{.sequence = reply->sender_sequence,
                .reflector_sequence = reply->sequence,
                .sent = probe->sent,
                .reflector_received = reply->receive_timestamp.time(format),
                .reflector_sent = reply->timestamp.time(format),
                .received = received,
                .reflector_error = reply->error,
                .ttl = reply->sender_ttl};
  read_tlvs_of(packet, *probe, answer);
  count(*probe, answer);
  return answer;
}

void Sender::read_tlvs_of(Bytes packet, const InFlight& probe, Answer& answer) const {
  const TlvList tlvs = read_tlvs(packet, key_);
  // RFC 8972 section 4: with the I flag on one, all are to be discarded; after an M flag, the rest,
  // of which we asked for nothing that would make sense by itself.
  answer.tlvs_trusted =
      tlvs.trusted() && std::none_of(tlvs.tlvs.begin(), tlvs.tlvs.end(), [](const Tlv& tlv) {
        return (tlv.flags & (kIntegrityFailed | kMalformed)) != 0;
      });
  if (!answer.tlvs_trusted) return;
  const Tlv* control = tlvs.find(TlvType::kReflectedPacketControl);
  answer.resized = control != nullptr && (control->flags & (kUnrecognized | kNotConformant)) == 0 &&
                   packet.size() == probe.reply_size;
  const Tlv* token = tlvs.find(TlvType::kAddressToken);
  if (token != nullptr && (token->flags & kUnrecognized) == 0) {
    answer.address_token = get<std::uint64_t>(token->value, 0);
  }
  const Tlv* follow_up = tlvs.find(TlvType::kFollowUpTelemetry);
  if (follow_up == nullptr || (follow_up->flags & kUnrecognized) != 0) return;
  const auto telemetry = FollowUpTelemetry::parse(follow_up->value);
  if (telemetry.timestamp != Timestamp{}) answer.follow_up = telemetry;
}

void Sender::begin_stretch(std::uint64_t first, const InFlight& probe, const Answer& answer) {
  // A reflector that begins at zero has answered as many as its sequence says since `first`. If
  // that is more than we sent, it is in the middle of a count that we know nothing of.
  const bool counts_from_zero = answer.reflector_sequence <= probe.sequence - first;
  stretch_ = Stretch{.first = counts_from_zero ? first : probe.sequence,
                     .newest = probe.sequence,
                     .reflector_first = counts_from_zero ? 0 : answer.reflector_sequence,
                     .reflector_newest = answer.reflector_sequence,
                     .reflector_sent = answer.reflector_sent};
}

bool Sender::has_restarted(const Answer& answer) const {
  // Replies that overtook each other are numbered in the order of their times, and not by far.
  return answer.reflector_sent > stretch_->reflector_sent ||
         stretch_->reflector_newest - answer.reflector_sequence > options_.window;
}

void Sender::count(InFlight& probe, Answer& answer) {
  const std::uint32_t sequence = answer.reflector_sequence;
  answer.duplicate = probe.answered;
  answer.reordered = stretch_ && probe.sequence < stretch_->newest && !answer.duplicate;
  settled_.duplicated += answer.duplicate ? 1 : 0;
  settled_.reordered += answer.reordered ? 1 : 0;
  settled_.received += answer.duplicate ? 0 : 1;
  if (answer.duplicate && sequence == probe.reflector_sequence) return;  // Doubled on the way back.

  if (!stretch_) {
    begin_stretch(options_.first_sequence, probe, answer);
  } else if (probe.sequence < stretch_->first) {
    // From before the reflector restarted: it was taken for lost.
    if (!answer.duplicate && settled_.lost_backward > 0) --settled_.lost_backward;
    probe.answered = true;
    return;
  } else {
    const bool newer = probe.sequence > stretch_->newest;
    const bool ahead = static_cast<std::int32_t>(sequence - stretch_->reflector_newest) > 0;
    if (newer && !ahead && has_restarted(answer)) {
      add_losses(settled_);
      ++settled_.restarts;
      begin_stretch(stretch_->newest + 1, probe, answer);
    } else if (ahead && (newer || answer.reflector_sent >= stretch_->reflector_sent)) {
      stretch_->reflector_newest = sequence;
      stretch_->reflector_sent = answer.reflector_sent;
    } else if (ahead && !answer.duplicate) {
      // Sent before a restart that we know of: it reached the reflector, in another count.
      ++stretch_->reached_besides;
    }
    stretch_->newest = std::max(stretch_->newest, probe.sequence);
  }
  stretch_->received += answer.duplicate ? 0 : 1;
  stretch_->reached_besides -= answer.duplicate ? 1 : 0;  // One probe, two replies.
  if (!probe.answered) probe.reflector_sequence = sequence;
  probe.answered = true;
}

void Sender::add_losses(Totals& totals) const {
  if (!stretch_) return;
  const auto sent = static_cast<std::int64_t>(stretch_->newest - stretch_->first + 1);
  const std::int64_t replies =
      std::int64_t{stretch_->reflector_newest - stretch_->reflector_first} + 1;
  const auto reached = replies + stretch_->reached_besides;
  totals.lost_forward += positive(sent - reached);
  totals.lost_backward += positive(reached - static_cast<std::int64_t>(stretch_->received));
}

Sender::Totals Sender::totals() const {
  Totals totals = settled_;
  add_losses(totals);
  return totals;
}

}  // namespace meshcheck::stamp

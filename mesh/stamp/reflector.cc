#include "mesh/stamp/reflector.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace meshcheck::stamp {
namespace {

// Serial numbers wrap: half of the circle lies ahead (RFC 1982).
bool is_after(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

std::size_t size_without_padding(Bytes packet, const TlvList& tlvs) {
  std::size_t size = packet.size();
  for (const Tlv& tlv : tlvs.tlvs) {
    if (tlv.is(TlvType::kExtraPadding)) size -= tlv.end() - tlv.at;
  }
  return size;
}

// The rest of the packet as it came, but for the M flag (RFC 8972 section 4) and, in a Follow-Up
// Telemetry TLV of the wrong length, zeros where the answer would be (section 4.7).
void write_malformed(Bytes rest, TlvWriter& writer, WritableBytes out) {
  const auto copy = out.subspan(writer.size(), rest.size());
  writer.append_raw(rest);
  const bool has_header = rest.size() >= kTlvHeaderSize;
  const bool unknown = rest.size() > 1 && !is_known(rest[1]);
  copy[0] = kMalformed | (unknown ? kUnrecognized : 0);
  if (!has_header || rest[1] != static_cast<std::uint8_t>(TlvType::kFollowUpTelemetry)) return;
  constexpr std::size_t kAnswerSize = 12;
  const std::size_t answer = std::min(
      {kAnswerSize, std::size_t{get<std::uint16_t>(rest, 2)}, rest.size() - kTlvHeaderSize});
  std::fill_n(copy.begin() + kTlvHeaderSize, answer, std::uint8_t{0});
}

}  // namespace

Reflector::Reflector(Options options)
    : options_(options), token_key_(Key::from_bytes(options.token_secret).value()) {
  assert(options_.sessions_max > 0 && options_.amplification_max > 0);
  assert(options_.reply_size_max >= kAuthenticatedSize);
}

Reflector::Session& Reflector::session(const SessionId& id) {
  if (const auto found = by_id_.find(id); found != by_id_.end()) {
    sessions_.splice(sessions_.begin(), sessions_, found->second);
    return sessions_.front();
  }
  if (sessions_.size() == options_.sessions_max) {
    by_id_.erase(sessions_.back().id);
    sessions_.pop_back();
    ++sessions_evicted_;
  }
  sessions_.push_front({.id = id, .next_sequence = options_.first_sequence});
  by_id_.emplace(id, sessions_.begin());
  return sessions_.front();
}

std::uint64_t Reflector::token_of(const IpAddress& address) const {
  return get<std::uint64_t>(token_key_.sign(address.bytes()), 0);
}

Reflector::Plan Reflector::plan(const Request& request, const TlvList& tlvs, bool replayed) const {
  Plan plan{.size = request.packet.size()};
  const Tlv* token = tlvs.find(TlvType::kAddressToken);
  if (token != nullptr) plan.token = token_of(request.peer.address);
  const Tlv* control = tlvs.find(TlvType::kReflectedPacketControl);
  if (control == nullptr || !tlvs.trusted()) return plan;
  const auto asked = ReflectedPacketControl::parse(control->value);
  if (!options_.asymmetrical || asked.has_sub_tlvs || replayed) {
    plan.control_flags = kUnrecognized;
    return plan;
  }
  plan.answer = asked.reply_count > 0;
  plan.resize = true;
  std::size_t limit = options_.reply_size_max;
  if (token == nullptr || get<std::uint64_t>(token->value, 0) != plan.token) {
    limit = std::min(limit, options_.amplification_max * request.packet.size());
  }
  const std::size_t least = size_without_padding(request.packet, tlvs);
  // Padding would be one TLV more than may be: a sender with our bound could not read the reply.
  if (tlvs.tlvs.size() == kTlvsMax && least == request.packet.size()) limit = least;
  const bool exact = tlvs.find(TlvType::kExactReplySize) != nullptr;
  const std::size_t rounded = (std::size_t{asked.reply_size} + 3) / 4 * 4;
  plan.size = std::max(least, exact ? asked.reply_size : rounded);
  // One reply a request is all the volume there is.
  if (plan.size > limit || asked.reply_count > 1) plan.control_flags = kNotConformant;
  plan.size = std::min(plan.size, limit);
  // Padding needs room for its header.
  const std::size_t gap = plan.size - least;
  if (gap > 0 && gap < kTlvHeaderSize) {
    plan.size = least + kTlvHeaderSize <= limit ? least + kTlvHeaderSize : least;
    if (exact) plan.control_flags = kNotConformant;
  }
  return plan;
}

void Reflector::write_tlvs(const Request& request, const TlvList& tlvs, const Plan& plan,
                           WritableBytes out) {
  const std::size_t base = base_size(request.key);
  const std::uint8_t integrity =
      tlvs.integrity == TlvList::Integrity::kFailed ? kIntegrityFailed : 0;
  const std::size_t padding =
      plan.resize ? plan.size - size_without_padding(request.packet, tlvs) : 0;
  bool padded = padding == 0;
  const auto pad = [&](TlvWriter& writer) {
    if (!padded) writer.append_padding(0, padding);
    padded = true;
  };

  TlvWriter writer(out, base);
  for (const Tlv& tlv : tlvs.tlvs) {
    if (plan.resize && tlv.is(TlvType::kExtraPadding)) continue;
    std::uint8_t flags = integrity | (is_known(tlv.type) ? 0 : kUnrecognized);
    if (tlv.is(TlvType::kReflectedPacketControl)) flags |= plan.control_flags;
    if (tlv.is(TlvType::kHmac) && tlvs.integrity == TlvList::Integrity::kVerified) {
      pad(writer);  // Before the HMAC, and covered by it: some take nothing behind it.
      writer.append_hmac(flags, *request.key, base);
      continue;
    }
    const auto value = writer.append(tlv.type, flags, tlv.value.size());
    if (tlv.is(TlvType::kFollowUpTelemetry) && tlvs.trusted()) {
      plan.follow_up.encode(value);
    } else if (tlv.is(TlvType::kAddressToken) && tlvs.trusted()) {
      put(value, 0, plan.token);
    } else {
      std::copy(tlv.value.begin(), tlv.value.end(), value.begin());
    }
  }
  pad(writer);
  if (tlvs.malformed_at) {
    write_malformed(request.packet.subspan(*tlvs.malformed_at), writer, out);
  }
  assert(writer.size() == plan.size);
}

Result<Reflector::Reply> Reflector::reflect(const Request& request, WritableBytes out) {
  assert(out.size() >= options_.reply_size_max);
  if (request.packet.size() > options_.reply_size_max) {
    return Error("a packet of " + std::to_string(request.packet.size()) + " octets; at most " +
                 std::to_string(options_.reply_size_max) + " are reflected");
  }
  const auto packet = parse_sender_packet(request.packet, request.key);
  if (!packet) return packet.error();
  if (is_reply(request.packet, request.key)) return Error("a reply, and no request");

  const TlvList tlvs = read_tlvs(request.packet, request.key);
  SessionId id{.peer = request.peer, .local = request.local, .ssid = packet->ssid};
  if (id.ssid != 0) id.peer.port = 0;
  Session& session = this->session(id);
  const bool advances =
      !session.sender_sequence || is_after(packet->sequence, *session.sender_sequence);
  if (advances) session.sender_sequence = packet->sequence;
  Plan plan = this->plan(request, tlvs, !advances);
  const bool of_size = tlvs.trusted() && tlvs.find(TlvType::kReflectedPacketControl) != nullptr;
  if (!plan.answer) return Reply{.packet = {}, .session = session.id, .of_size = of_size};
  plan.follow_up = session.follow_up;

  const std::uint32_t sequence = session.next_sequence++;
  session.follow_up = {};
  const TimestampFormat format = options_.error.format;
  encode(ReflectorPacket{.sequence = sequence,
                         .timestamp = Timestamp::from(request.now, format),
                         .error = options_.error,
                         .ssid = packet->ssid,
                         .receive_timestamp = Timestamp::from(request.received, format),
                         .sender_sequence = packet->sequence,
                         .sender_timestamp = packet->timestamp,
                         .sender_error = packet->error,
                         .sender_ttl = request.ttl},
         request.key, out);
  write_tlvs(request, tlvs, plan, out);
  return Reply{.packet = out.first(plan.size),
               .session = session.id,
               .sequence = sequence,
               .of_size = of_size};
}

void Reflector::transmitted(const Reply& reply, WallTime time, FollowUpTelemetry::Method method) {
  const auto found = by_id_.find(reply.session);
  if (found == by_id_.end()) return;
  Session& session = *found->second;
  if (reply.packet.empty() || session.next_sequence != reply.sequence + 1) return;
  session.follow_up = {.sequence = reply.sequence,
                       .timestamp = Timestamp::from(time, options_.error.format),
                       .method = method};
}

}  // namespace meshcheck::stamp

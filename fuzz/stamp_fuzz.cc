// STAMP packets of strangers, at either end. The first octet chooses: bit 0 authenticated mode, bit
// 1 whether the HMACs are put right first, without which little would get past them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "mesh/stamp/reflector.h"
#include "mesh/stamp/sender.h"

namespace {

using namespace meshcheck::stamp;
using Octets = std::vector<std::uint8_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

void sign(Octets& packet, const Key& key) {
  if (packet.size() < kAuthenticatedSize) return;
  const Hmac base = key.sign(Bytes(packet).first(96));
  std::copy(base.begin(), base.end(), packet.begin() + 96);
  const TlvList list = read_tlvs(packet, &key);
  const Tlv* tlv = list.find(TlvType::kHmac);
  if (tlv == nullptr) return;
  const Bytes covered = Bytes(packet).subspan(kAuthenticatedSize, tlv->at - kAuthenticatedSize);
  const Hmac hmac = key.sign(Bytes(packet).first(4), covered);
  std::copy(hmac.begin(), hmac.end(),
            packet.begin() + static_cast<std::ptrdiff_t>(tlv->at + kTlvHeaderSize));
}

void reflect(const Octets& packet, const Key* key) {
  static const Reflector::Options options{
      .sessions_max = 2, .reply_size_max = 2048, .asymmetrical = true, .amplification_max = 2};
  static Octets out(options.reply_size_max);
  Reflector reflector(options);
  for (int i = 0; i < 2; ++i) {  // The second is a replay.
    const auto reply = reflector.reflect({.packet = packet, .peer = {}, .key = key}, out);
    if (!reply || reply->packet.empty()) return;
    const std::size_t size = reply->packet.size();
    require(size >= base_size(key) && size <= options.reply_size_max);
    require(size <= 2 * packet.size());
    require(parse_reflector_packet(reply->packet, key).has_value());
    // A list that was in order stays so, and the other way round.
    const TlvList asked = read_tlvs(packet, key);
    const TlvList answered = read_tlvs(reply->packet, key);
    require(asked.malformed_at.has_value() == answered.malformed_at.has_value());
    require(asked.integrity != TlvList::Integrity::kVerified || answered.trusted());
    reflector.transmitted(*reply, {}, FollowUpTelemetry::Method::kSoftware);
  }
}

void receive(Octets packet, const Key* key, bool mend) {
  Sender sender({.ssid = 7}, key);
  Octets out(2048);
  const auto sent = sender.send({}, {}, out);
  if (mend && packet.size() >= base_size(key)) {
    // As if it answered that probe: sequence, timestamp and SSID where the reply has them.
    const std::size_t sequence = key != nullptr ? 48 : 24;
    const std::size_t time = key != nullptr ? 64 : 28;
    const std::size_t ssid = key != nullptr ? 26 : 14;
    put(WritableBytes(packet), sequence, sent.sequence);
    const std::size_t from = key != nullptr ? 16 : 4;
    put(WritableBytes(packet), time, get<std::uint64_t>(sent.packet, from));
    put(WritableBytes(packet), ssid, std::uint16_t{7});
    if (key != nullptr) sign(packet, *key);
    require(sender.receive(packet, {}).has_value());
  }
  static_cast<void>(sender.receive(packet, {}));
  require(sender.totals().received <= sender.totals().sent);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const Key secret = Key::from_bytes(Octets(32, 0x0b)).value();
  const Key* key = (data[0] & 1) != 0 ? &secret : nullptr;
  const bool mend = (data[0] & 2) != 0;
  Octets packet(data + 1, data + size);
  receive(packet, key, mend);
  if (mend && key != nullptr) sign(packet, *key);
  reflect(packet, key);
  return 0;
}

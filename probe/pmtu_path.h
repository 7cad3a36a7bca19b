// The size probes of one path on the wire: mesh::PathMtu chooses them, stamp::Sender encodes them.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"
#include "mesh/pmtu/path_mtu.h"
#include "mesh/stamp/sender.h"

namespace meshcheck::probe {

// Sizes are of IP packets in PathMtu and of UDP payloads here. Every probe requests the exact size
// of its answer, and only an answer of that size counts. A reflector that cannot do so proves
// nothing: until one of its answers has had the requested size, an answer of another size makes all
// sizes there unknown. The first answer brings the token that a reflector needs to send large
// answers. Reads no clock; one thread; about 2 KB.
class PmtuPath {
 public:
  // MTUs of links are capped at it: a jumbo frame. Only loopback and InfiniBand have larger ones,
  // and there fragments cannot be tested.
  static constexpr std::uint32_t kLinkMtuMax = 9216;
  // Bytes of room that next() needs: a packet that a link of kLinkMtuMax sends in fragments, and
  // four.
  static constexpr std::size_t kPacketSizeMax = 9600;
  // Probes remembered. At most 20 are sent in a second, the time in which an answer counts.
  static constexpr std::size_t kWindow = 32;

  struct Options {
    const mesh::PathMtu::Options* mtu = nullptr;  // Outlives the path.
    IpAddress::Family family = IpAddress::Family::kIpv4;
    std::uint16_t ssid = 0;
    // Above all earlier numbers of the session: a reflector takes others for replayed.
    std::uint64_t first_sequence = 0;
  };
  struct Packet {
    std::uint32_t sequence = 0;
    stamp::Bytes bytes;         // Within `out`.
    bool dont_fragment = true;  // False: it is to be sent in fragments.
  };

  // `key` outlives the path; none means unauthenticated mode.
  PmtuPath(const Options& options, const stamp::Key* key, Clock::time_point now);

  void set_link_mtus(std::uint32_t own, std::uint32_t peer, Clock::time_point now);
  // Probes under way are not judged.
  void use_key(const stamp::Key* key, Clock::time_point now);

  std::optional<Packet> next(WallTime wall, Clock::time_point now, stamp::WritableBytes out);
  // False: it answers no probe of ours.
  bool receive(stamp::Bytes packet, WallTime arrived, Clock::time_point now);
  // The kernel did not send the packet; `mtu` with EMSGSIZE, if it is known.
  void not_sent(std::uint32_t sequence, int error_number, std::uint32_t mtu, Clock::time_point now);
  // An ICMP message that the packet was too big; `quote` is the packet's beginning. False: not
  // believed.
  bool too_big(stamp::Bytes quote, std::uint32_t mtu, const IpAddress& reporter,
               Clock::time_point now);

  mesh::PathMtu& mtu() { return mtu_; }
  const mesh::PathMtu& mtu() const { return mtu_; }
  std::uint64_t next_sequence() const { return next_sequence_; }

 private:
  // A packet of this size passes everywhere (IPv6's minimum): a device that drops it has no room.
  static constexpr std::size_t kSmallMax = 1280;

  stamp::Sender::Probe shape(const mesh::PathMtu::Probe& probe) const;
  // Nothing if it is none of the last kWindow.
  std::optional<std::uint32_t> cookie_of(std::uint32_t sequence) const;

  Options options_;
  mesh::PathMtu mtu_;
  stamp::Sender sender_;
  std::uint64_t next_sequence_;
  std::uint64_t address_token_ = 0;               // 0: the reflector has sent none.
  bool obeyed_ = false;                           // One of its answers had the requested size.
  std::array<std::uint32_t, kWindow> cookies_{};  // PathMtu's, by sequence.
  std::bitset<kWindow> large_;                    // Whether it was larger than kSmallMax.
  std::optional<Clock::time_point> full_at_;      // When a small one last found no room.
};

}  // namespace meshcheck::probe

// The size probes of one path on the wire: mesh::PathMtu says what to send, stamp::Sender how.
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

// Sizes are of IP packets there and of UDP payloads here. Every probe says to the byte how large
// its answer shall be, and only an answer of that size counts, so a reflector that cannot do as it
// is told proves nothing: until one of its answers has had the size that was asked for, an answer
// of another size says that nothing can be known of sizes there. The first answer brings the token
// without which a reflector sends nothing large. Reads no clock; one thread; about 2 KB.
class PmtuPath {
 public:
  // Larger links are cut to it: a jumbo frame. Only loopback's and InfiniBand's are, and whether
  // fragments pass cannot be found out there.
  static constexpr std::uint32_t kLinkMtuMax = 9216;
  // Bytes that next() needs room for: a packet that such a link sends in fragments, and four.
  static constexpr std::size_t kPacketSizeMax = 9600;
  // Probes remembered. At most 20 go in a second, which is how long an answer may take.
  static constexpr std::size_t kWindow = 32;

  struct Options {
    const mesh::PathMtu::Options* mtu = nullptr;  // Outlives the path.
    IpAddress::Family family = IpAddress::Family::kIpv4;
    std::uint16_t ssid = 0;
    // More than any number before in the session: a reflector takes others for replayed.
    std::uint64_t first_sequence = 0;
  };
  struct Packet {
    std::uint32_t sequence = 0;
    stamp::Bytes bytes;         // Within `out`.
    bool dont_fragment = true;  // Else it is to be sent in fragments.
  };

  // `key` outlives the path; none means unauthenticated mode.
  PmtuPath(const Options& options, const stamp::Key* key, Clock::time_point now);

  void set_link_mtus(std::uint32_t own, std::uint32_t peer, Clock::time_point now);
  // What is under way is not judged.
  void use_key(const stamp::Key* key, Clock::time_point now);

  std::optional<Packet> next(WallTime wall, Clock::time_point now, stamp::WritableBytes out);
  // False: it answers no probe of ours.
  bool receive(stamp::Bytes packet, WallTime arrived, Clock::time_point now);
  // The kernel did not send it; `mtu` with EMSGSIZE, if it is known.
  void not_sent(std::uint32_t sequence, int error_number, std::uint32_t mtu, Clock::time_point now);
  // An ICMP message that the packet was too big; `quote` is how that began. False: not believed.
  bool too_big(stamp::Bytes quote, std::uint32_t mtu, const IpAddress& reporter,
               Clock::time_point now);

  mesh::PathMtu& mtu() { return mtu_; }
  const mesh::PathMtu& mtu() const { return mtu_; }
  std::uint64_t next_sequence() const { return next_sequence_; }

 private:
  // What passes everywhere, as of IPv6: a device that drops it has no room.
  static constexpr std::size_t kSmallMax = 1280;

  stamp::Sender::Probe shape(const mesh::PathMtu::Probe& probe) const;
  // Nothing if it is none of the last kWindow.
  std::optional<std::uint32_t> cookie_of(std::uint32_t sequence) const;

  Options options_;
  mesh::PathMtu mtu_;
  stamp::Sender sender_;
  std::uint64_t next_sequence_;
  std::uint64_t address_token_ = 0;               // 0: the reflector has told none.
  bool obeyed_ = false;                           // It has made an answer as large as it was told.
  std::array<std::uint32_t, kWindow> cookies_{};  // PathMtu's, by sequence.
  std::bitset<kWindow> large_;                    // Whether it was larger than kSmallMax.
  std::optional<Clock::time_point> full_at_;      // When a small one found no room last.
};

}  // namespace meshcheck::probe

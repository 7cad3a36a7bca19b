// The answering end of STAMP: requests in, replies out.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "lib/base/time.h"
#include "mesh/stamp/tlv.h"

namespace meshcheck::stamp {

// The key by which a reflector tells sessions apart (RFC 8972 section 3). A sender with an SSID is
// one session from all of its source ports; without one, as in RFC 8762, each source port is a
// session.
struct SessionId {
  Endpoint peer;    // Port 0 if there is an SSID.
  IpAddress local;  // The address of ours that the request was sent to.
  std::uint16_t ssid = 0;

  friend auto operator<=>(const SessionId&, const SessionId&) = default;
};

// A stateful reflector (RFC 8762 section 4): each session has its own sequence of replies, so that
// the sender sees in which direction a packet was lost. Owns the sessions, at most `sessions_max`;
// a new one beyond pushes out the one that has been silent longest, which then starts again at
// zero. Reads no clock; one thread.
class Reflector {
 public:
  struct Options {
    std::size_t sessions_max = 8192;  // At 250 octets each.
    // No reply is larger; larger requests are refused. A jumbo frame's worth, and as much more as a
    // packet needs that has to be fragmented there.
    std::size_t reply_size_max = 9600;
    // Whether Reflected Test Packet Control TLVs are obeyed; off by default as RFC 10052 section 5
    // demands. When off, such requests get a reply of their own size, with the TLV's U flag set.
    bool asymmetrical = false;
    // Without the token of its address, a request gets a reply of at most this many times its size,
    // since the address may be a victim's. As in QUIC (RFC 9000 section 8.1); at least 1.
    std::size_t amplification_max = 3;
    // Of address tokens; random, and another one at each start.
    std::array<std::uint8_t, 32> token_secret{};
    ErrorEstimate error;               // Of this end's clock; its format is that of the replies.
    std::uint32_t first_sequence = 0;  // Not zero only in tests of the wrap.
  };

  struct Request {
    Bytes packet;
    Endpoint peer;
    IpAddress local;
    const Key* key = nullptr;  // Of the peer; none for unauthenticated mode.
    WallTime received;         // The kernel's time.
    WallTime now;              // When the reply is about to be sent.
    std::uint8_t ttl = 0;      // Or hop limit, as received.
  };

  struct Reply {
    Bytes packet;  // Within `out`. Empty if the request asks for no reply.
    SessionId session;
    std::uint32_t sequence = 0;
    // The request asked for a size of the reply, obeyed or not: it is a size probe, and no ordinary
    // one.
    bool of_size = false;
  };

  explicit Reflector(Options options);

  // An error says why a request gets no answer; it leaves the sessions as they were.
  // REQUIRES: `out` is reply_size_max long and does not overlap the request.
  Result<Reply> reflect(const Request& request, WritableBytes out);

  // When the reply really left, for the follow-up telemetry of the next. Ignored if the session has
  // made another reply meanwhile.
  void transmitted(const Reply& reply, WallTime time, FollowUpTelemetry::Method method);

  std::size_t sessions() const { return sessions_.size(); }
  std::uint64_t sessions_evicted() const { return sessions_evicted_; }

 private:
  struct Session {
    SessionId id;
    std::uint32_t next_sequence = 0;
    std::optional<std::uint32_t> sender_sequence;  // The highest so far.
    FollowUpTelemetry follow_up;
  };
  struct Plan {
    std::size_t size = 0;
    bool answer = true;
    bool resize = false;             // Padding is dropped and made anew.
    std::uint8_t control_flags = 0;  // Of the Reflected Test Packet Control TLV.
    FollowUpTelemetry follow_up;
    std::uint64_t token = 0;
  };

  Session& session(const SessionId& id);
  std::uint64_t token_of(const IpAddress& address) const;
  Plan plan(const Request& request, const TlvList& tlvs, bool replayed) const;
  static void write_tlvs(const Request& request, const TlvList& tlvs, const Plan& plan,
                         WritableBytes out);

  Options options_;
  Key token_key_;
  std::list<Session> sessions_;  // The one heard last comes first.
  std::map<SessionId, std::list<Session>::iterator> by_id_;
  std::uint64_t sessions_evicted_ = 0;
};

}  // namespace meshcheck::stamp

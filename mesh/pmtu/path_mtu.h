// The sizes of packets that one path carries, in both directions: the probes to send, and the
// results.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"
#include "mesh/path/direction.h"
#include "mesh/path/path.h"
#include "mesh/pmtu/fragmentation.h"
#include "mesh/pmtu/fragments.h"
#include "mesh/pmtu/pmtu_search.h"

namespace meshcheck::mesh {

// Two searches and two fragment tests of one path and address family, within one budget of packets.
// Sizes are judged only while the path is up or degraded for small packets. No heap; 352 bytes at
// most, to be kept in a map and moved. Reads no clock; one thread.
class PathMtu {
 public:
  struct Options {
    PmtuSearch::Options search;
    FragmentTest::Options fragments;
    // Between packets, both directions and answers together. While a search or a test is busy: 40
    // packets a second, for at most `busy_max`; then, as in steady state, two in 1.2 s.
    Clock::duration busy_pace = std::chrono::milliseconds(25);
    Clock::duration steady_pace = std::chrono::milliseconds(600);
    Clock::duration busy_max = std::chrono::seconds(60);
    // How long an ICMP message counts. Each raise timer provokes another one if the path is still
    // small.
    Clock::duration signal_lifetime = std::chrono::seconds(60);
  };

  // A STAMP test packet to send. Sizes are of IP packets; 0: as small as can be.
  struct Probe {
    std::uint32_t cookie = 0;
    Direction direction = Direction::kForward;  // Of the large one.
    bool dont_fragment = true;                  // Of the large one. The small one always fits.
    std::uint16_t request_size = 0;
    std::uint16_t reply_size = 0;
  };

  struct TooBig {  // The latest that was believed.
    std::uint16_t mtu = 0;
    std::optional<IpAddress> reporter;  // Nothing: the own kernel.
    Clock::duration age{};
    friend bool operator==(const TooBig&, const TooBig&) = default;
  };
  struct Result {
    FragmentationClass fragmentation_class = FragmentationClass::kUnknown;
    Clock::duration class_age{};
    PmtuSearch::State state = PmtuSearch::State::kDisabled;
    std::optional<std::uint16_t> size;  // 0: not even the smallest; nothing: not known yet.
    std::uint16_t size_passed = 0;      // While searching, and else the edge itself.
    std::uint16_t size_failed = 0;
    std::uint16_t link_mtu = 0;  // The MTU that `size` was compared with; 0: unknown.
    std::optional<Clock::duration> confirmed_age;  // Of `size`.
    FragmentsResult fragments = FragmentsResult::kUnknown;
    std::optional<TooBig> too_big;  // Forward only.
    friend bool operator==(const Result&, const Result&) = default;
  };

  // `options` outlives the path.
  PathMtu(const Options* options, Clock::time_point now);

  // 0: unknown. Without the peer's, replies are tried up to the own link's MTU, and get no class.
  void set_link_mtus(std::uint32_t own, std::uint32_t peer, Clock::time_point now);
  // The path's state for small probes.
  void set_path_state(PathState state, Clock::time_point now);

  // A probe to send now, if any. To be called at due() or a few times a second.
  std::optional<Probe> next(Clock::time_point now);
  Clock::time_point due() const;

  // The answer came, in the requested size. False if no probe has that cookie.
  bool acknowledged(std::uint32_t cookie, Clock::time_point now);
  // The probe was not sent: EMSGSIZE, with the kernel's MTU.
  void refused(std::uint32_t cookie, std::uint32_t mtu, Clock::time_point now);
  // An ICMP message came that quotes the probe. False if it is not believed.
  bool too_big(std::uint32_t cookie, std::uint32_t mtu, const IpAddress& reporter,
               Clock::time_point now);
  // The caller did not run for a while: probes under way are not judged.
  void starved(Clock::time_point now);
  // Also drops all results: the other end does not answer in the requested sizes.
  void forget(Clock::time_point now);

  Result result(Direction direction, Clock::time_point now) const;
  // A direction's input of explain(); nothing without a size.
  std::optional<SizeEvidence> evidence(Direction direction, Clock::time_point now) const;
  // All false until both directions are known.
  PathFindings findings(Clock::time_point now) const;
  bool busy() const;

 private:
  struct OneWay {
    OneWay(const Options* options, Clock::time_point now)
        : search(&options->search), fragments(&options->fragments), class_since(now) {}
    PmtuSearch search;
    FragmentTest fragments;
    Clock::time_point class_since;
  };
  struct Heard {
    Clock::time_point at;
    std::uint16_t mtu = 0;  // 0: nothing was heard.
    bool own = false;
    IpAddress reporter;
  };

  const OneWay& one_way(Direction direction) const;
  Probe make_probe(std::size_t test, std::uint16_t size, std::uint16_t cookie,
                   Clock::time_point now);
  std::optional<Probe> next_of(std::size_t test, Clock::time_point now);
  void judge(Clock::time_point now);
  FragmentationClass class_of(Direction direction, Clock::time_point now) const;

  const Options* options_;
  std::array<OneWay, 2> ways_;
  Clock::time_point gate_;        // Nothing is sent before.
  Clock::time_point busy_until_;  // At the busy pace, if busy.
  Heard heard_;
  std::array<FragmentationClass, 2> classes_{};
  PathState path_state_ = PathState::kUnknown;
  std::uint8_t turn_ = 0;  // The search or test that may send first.
  bool was_busy_ = false;
  bool peer_link_known_ = false;
};

}  // namespace meshcheck::mesh

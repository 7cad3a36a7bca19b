// The classes of doc/operate/fragmentation.md, from the sizes that pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mesh/pmtu/fragments.h"

namespace meshcheck::mesh {

// Of one direction of a path. kReduced: packets as large as the link do not pass, and only the
// other end can know whether a router reports it.
enum class FragmentationClass : std::uint8_t {
  kUnknown,
  kClear,
  kReduced,
  kReducedSignalled,
  kBlackHole,
  kFragmentsDropped,
  kDown,
};
// "unknown", "clear", "reduced", "reduced_signalled", "black_hole", "fragments_dropped", "down".
std::string_view text(FragmentationClass fragmentation_class);
std::string_view text(FragmentsResult result);  // "unknown", "passed", "lost"

// Whether its own kernel or a router reported the smaller size to the sender.
enum class Signal : std::uint8_t { kUnheard, kHeard, kNotForUs };

// The findings of one direction.
struct SizeEvidence {
  std::uint16_t size = 0;                 // The largest that passes; 0: not even the smallest.
  std::optional<std::uint16_t> link_mtu;  // The sender's; nothing if it is not known.
  Signal signal = Signal::kUnheard;
  FragmentsResult fragments = FragmentsResult::kUnknown;
};
// Of a path that is up. The worst class wins: a black hole before lost fragments before a signal.
FragmentationClass classify(const SizeEvidence& evidence);

// Findings from both directions and both links. Only certain ones are set.
struct PathFindings {
  bool link_mismatch = false;  // The links of the two ends differ.
  bool path_mismatch = false;  // A direction carries less than either link.
  bool asymmetric = false;     // The directions differ, and not as the links do.
  bool jumbo_island = false;   // Both links are jumbo, and the path is about 1500.
  friend bool operator==(const PathFindings&, const PathFindings&) = default;
};
PathFindings find_mismatches(const SizeEvidence& forward, const SizeEvidence& backward);

// How an overlay's sizes follow from its underlay's.
struct OverlayMtu {
  enum class Cause : std::uint8_t {
    kUnknown,
    kFits,
    kTooLarge,            // Full packets of the overlay do not fit into the underlay, and get lost.
    kTooLargeFragmented,  // They do not fit, and pass in fragments of the outer packet.
    kOverlay,             // They would fit; something in the overlay itself is smaller.
  };
  Cause cause = Cause::kUnknown;
  std::uint16_t link_mtu_max = 0;  // The largest MTU that the overlay's links may have; 0: unknown.
  friend bool operator==(const OverlayMtu&, const OverlayMtu&) = default;
};
std::string_view text(OverlayMtu::Cause cause);
// By how many bytes a tunnel's outer IP packet is larger than the inner one, by the kind of its
// link as the kernel names it, without optional headers; 0: no tunnel that is known.
std::uint16_t tunnel_overhead(std::string_view kind, bool outer_is_ipv6);
// Every link carries this over IPv6 (RFC 8200, section 5): no smaller size is tried there.
inline constexpr std::uint16_t kIpv6SizeMin = 1280;
// An overlay's constants, in bytes.
struct OverlayRules {
  std::uint16_t overhead = 0;  // By which the outer IP packet is larger than the inner one.
  std::uint16_t size_min = 0;  // The least that is tried inside.
};
// Both in the same direction, between the same two nodes; nothing: not known yet.
OverlayMtu explain(const std::optional<SizeEvidence>& pod, const std::optional<SizeEvidence>& host,
                   const OverlayRules& rules);

}  // namespace meshcheck::mesh

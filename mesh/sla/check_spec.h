// A check as the user has written it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "mesh/sla/episode.h"

namespace meshcheck::sla {

// On which of a node's two networks.
enum class CheckLayer : std::uint8_t { kPod, kHost, kBoth };

inline constexpr std::uint32_t kAgentsMax = 8;  // That `agents` may ask for by number.

struct CheckSpec {
  ProbeRef ref;
  std::string name;     // Among the checks of its probe; empty if it is the only one.
  std::string checker;  // "http", "kube-lifecycle", ...
  Milliseconds period{0};
  // Bounds the run: a run that has not ended by then is cancelled, and gets its result then.
  Milliseconds timeout{0};
  // A failure is `unknown` until it has lasted for this time.
  Milliseconds grace{0};
  // How many agents of a cluster run it, on each of its layers; nothing: all of them.
  std::optional<std::uint32_t> agents = 3;
  CheckLayer layer = CheckLayer::kPod;
  // The checker's own options: an object, whose keys the checker checks.
  nlohmann::json with = nlohmann::json::object();

  // For logs and errors: "synthetic/dns", "synthetic/dns/smoke".
  std::string text() const { return name.empty() ? ref.text() : ref.text() + "/" + name; }
};

}  // namespace meshcheck::sla

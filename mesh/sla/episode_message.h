// POST /downtime: episodes on their way from an agent to the server, as upmeter's agents send them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "mesh/sla/episode.h"

namespace meshcheck::sla {

inline constexpr std::size_t kEpisodesMax = 5000;                             // In a message.
inline constexpr std::size_t kEpisodeMessageSizeMax = std::size_t{2} << 20U;  // Bytes.

struct EpisodeMessage {
  std::string origin;  // The agent, a name.
  std::vector<Episode> episodes;
};

// The JSON has times in nanoseconds. `checks` and `successes` are our additions, which upmeter's
// readers ignore.
std::string encode(const EpisodeMessage& message);
// Unknown keys are ignored, missing times are 0, parts of a millisecond are dropped. An error names
// the episode and the key. The caller checks whether an episode fits into its half minute, is
// aligned and recent.
Result<EpisodeMessage> parse_episode_message(std::string_view body);

// Why an episode is not taken, as metrics and answers name it.
inline constexpr std::array<std::string_view, 5> kRefusals = {"too_old", "in_future", "not_aligned",
                                                              "not_fitting", "too_many_probes"};
using RefusalCounts = std::array<std::uint64_t, kRefusals.size()>;

// The body of the 200 to a message of which no episode was taken: `{"refused":{"in_future":30}}`.
// Upmeter's agents, which do not know it, take it for any other 200.
std::string encode_refusals(const RefusalCounts& counts);
// The reasons in such a body, "in_future, too_old"; empty for any other body.
std::string refusals_in(std::string_view body);

}  // namespace meshcheck::sla

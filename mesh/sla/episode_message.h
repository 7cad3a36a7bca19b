// POST /downtime: episodes on their way from an agent to the server, as upmeter's agents send them.
#pragma once

#include <cstddef>
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

// Times are nanoseconds there. `checks` and `successes` are ours; who does not know them reads over
// them.
std::string encode(const EpisodeMessage& message);
// Unknown keys are read over, missing times are 0, parts of a millisecond are dropped. An error
// names the episode and the key. Whether an episode fits into its half minute, is aligned and
// recent is for the reader to see.
Result<EpisodeMessage> parse_episode_message(std::string_view body);

}  // namespace meshcheck::sla

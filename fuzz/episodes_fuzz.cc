// Episodes: foreign JSON from anybody who may report. What fits into its half minute is written as
// it was read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mesh/sla/episode_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshcheck;
  const auto message =
      sla::parse_episode_message(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!message) return 0;
  const auto fit = [](const sla::Episode& episode) {
    return sla::fits(episode.timers, sla::kEpisodeLength);
  };
  if (!std::ranges::all_of(message->episodes, fit)) return 0;
  const auto again = sla::parse_episode_message(sla::encode(*message));
  if (!again || again->origin != message->origin) std::abort();
  for (std::size_t index = 0; index < message->episodes.size(); ++index) {
    sla::Episode episode = message->episodes[index];
    // A total counts no checks.
    if (episode.ref.is_total()) episode.checks = episode.successes = 0;
    if (again->episodes.at(index) != episode) std::abort();
  }
  return 0;
}

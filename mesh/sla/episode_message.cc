#include "mesh/sla/episode_message.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "lib/base/json_writer.h"
#include "lib/base/time.h"

namespace meshcheck::sla {
namespace {

using nlohmann::json;

std::int64_t nanoseconds(Milliseconds time) {
  return std::chrono::nanoseconds(time).count();
}

json to_json(const Episode& episode) {
  const Milliseconds nodata = kEpisodeLength - episode.timers.measured();
  json out{{"probeRef", {{"group", episode.ref.group}, {"probe", episode.ref.probe}}},
           {"ts", format_rfc3339(episode.start)},
           {"fail", nanoseconds(episode.timers.down)},
           {"success", nanoseconds(episode.timers.up)},
           {"unknown", nanoseconds(episode.timers.unknown)},
           {"nodata", nanoseconds(nodata)}};
  if (episode.ref.is_total()) return out;
  out["checks"] = episode.checks;
  out["successes"] = episode.successes;
  return out;
}

Result<std::string> member_name(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    return Error(std::string(key) + ": a text is missing");
  }
  auto name = found->get<std::string>();
  if (!is_name(name)) {
    return Error(std::string(key) + ": 1 to 128 of letters, digits, '-', '_' and '.'");
  }
  return name;
}

// 0 if it is absent.
Result<std::int64_t> count_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return 0;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool fits = found->is_number_unsigned() && found->get<std::uint64_t>() <= kMax;
  if (!fits) return Error(std::string(key) + ": a whole number from 0 on is wanted");
  return found->get<std::int64_t>();
}

Result<Milliseconds> time_of(const json& object, const char* key) {
  const auto count = count_of(object, key);
  if (!count) return count.error();
  return std::chrono::floor<Milliseconds>(std::chrono::nanoseconds(*count));
}

Result<ProbeRef> ref_of(const json& object) {
  const auto found = object.find("probeRef");
  if (found == object.end() || !found->is_object()) return Error("probeRef: an object is missing");
  auto group = member_name(*found, "group");
  if (!group) return group.error().within("probeRef");
  auto probe = member_name(*found, "probe");
  if (!probe) return probe.error().within("probeRef");
  return ProbeRef{*std::move(group), *std::move(probe)};
}

Result<Episode> episode_of(const json& object) {
  if (!object.is_object()) return Error("an object is wanted");
  auto ref = ref_of(object);
  if (!ref) return ref.error();
  Episode episode{.ref = *std::move(ref)};
  const auto ts = object.find("ts");
  if (ts == object.end() || !ts->is_string()) return Error("ts: a text is missing");
  const auto start = parse_wall_time(ts->get_ref<const std::string&>());
  if (!start) return start.error().within("ts");
  episode.start = std::chrono::floor<std::chrono::seconds>(*start);
  struct Field {
    const char* key;
    Milliseconds* time;
  };
  for (const Field field :
       {Field{"success", &episode.timers.up}, Field{"fail", &episode.timers.down},
        Field{"unknown", &episode.timers.unknown}}) {
    const auto time = time_of(object, field.key);
    if (!time) return time.error();
    *field.time = *time;
  }
  const auto checks = count_of(object, "checks");
  if (!checks) return checks.error();
  const auto successes = count_of(object, "successes");
  if (!successes) return successes.error();
  episode.checks = static_cast<std::uint64_t>(*checks);
  episode.successes = static_cast<std::uint64_t>(*successes);
  return episode;
}

}  // namespace

std::string encode(const EpisodeMessage& message) {
  json episodes = json::array();
  for (const Episode& episode : message.episodes) episodes.push_back(to_json(episode));
  return json{{"origin", message.origin}, {"episodes", std::move(episodes)}}.dump();
}

Result<EpisodeMessage> parse_episode_message(std::string_view body) {
  if (body.size() > kEpisodeMessageSizeMax) return Error("larger than 2 MiB");
  const json root = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return Error("no JSON object");
  auto origin = member_name(root, "origin");
  if (!origin) return origin.error();
  EpisodeMessage message{.origin = *std::move(origin)};
  const auto episodes = root.find("episodes");
  if (episodes == root.end() || !episodes->is_array()) return Error("episodes: a list is missing");
  if (episodes->size() > kEpisodesMax) return Error("episodes: more than 5000");
  for (const json& element : *episodes) {
    auto episode = episode_of(element);
    if (!episode) {
      return episode.error().within("episodes[" + std::to_string(message.episodes.size()) + "]");
    }
    message.episodes.push_back(*std::move(episode));
  }
  return message;
}

std::string encode_refusals(const RefusalCounts& counts) {
  std::string body = R"({"refused":{)";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts.at(i) > 0) append_json_number(body, kRefusals.at(i), counts.at(i));
  }
  return body += "}}";
}

// Nothing else of a body is of interest, so that there is nothing to parse.
std::string refusals_in(std::string_view body) {
  std::string reasons;
  if (!body.starts_with(R"({"refused":{)")) return reasons;
  for (const std::string_view reason : kRefusals) {
    if (body.find('"' + std::string(reason) + "\":") == std::string_view::npos) continue;
    if (!reasons.empty()) reasons += ", ";
    reasons += reason;
  }
  return reasons;
}

}  // namespace meshcheck::sla

#include "server/history/trail_text.h"

#include <cmath>
#include <string_view>

#include "lib/base/json_writer.h"

namespace meshcheck::server {
namespace {

using history::PathSample;
using history::Trail;

void append_state(std::string& json, const PathSample& sample) {
  json += sample.known ? "\"" + std::string(mesh::text(sample.state)) + '"' : "null";
}

void append_loss(std::string& json, const PathSample& sample) {
  if (sample.loss == PathSample::kNone) {
    json += "null";
  } else {
    append_json_number(json, std::round(history::loss_of_value(sample.loss) * 1e5) / 1e5);
  }
}

void append_rtt(std::string& json, const PathSample& sample) {
  if (sample.rtt == PathSample::kNone) {
    json += "null";
  } else {
    append_json_number(json, std::round(history::rtt_of_level(sample.rtt).count()) / 1e3);
  }
}

void append_samples(std::string& json, std::string_view key, const Trail::OfPath& path,
                    void (*append)(std::string&, const PathSample&)) {
  append_json_key(json, key);
  json += '[';
  for (const PathSample& sample : path.samples) {
    if (json.back() != '[') json += ',';
    append(json, sample);
  }
  json += ']';
}

}  // namespace

std::string trail_json(const Trail& trail) {
  std::string json = "{";
  append_json_member(json, "start", format_rfc3339(trail.start));
  append_json_number(json, "step_s",
                     static_cast<std::uint64_t>(history::PathTrails::kStep.count()));
  append_json_key(json, "paths");
  json += '[';
  for (const Trail::OfPath& path : trail.paths) {
    if (json.back() != '[') json += ',';
    json += '{';
    append_json_member(json, "path", path.path);
    append_samples(json, "state", path, append_state);
    append_samples(json, "loss", path, append_loss);
    append_samples(json, "rtt_p50_ms", path, append_rtt);
    json += '}';
  }
  return json + "]}";
}

}  // namespace meshcheck::server

#include "mesh/history/path_trails.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lib/base/random.h"
#include "mesh/table/mesh_grid.h"

namespace meshcheck::history {
namespace {

constexpr std::string_view kArrow = " -> ";

PathSample sample_of(const mesh::PathView& path) {
  PathSample sample{.known = true, .state = path.judgement.state};
  // What is told of a path whose state is not known may be of a report long ago.
  if (sample.state == mesh::PathState::kUnknown) return sample;
  if (path.row.p50_us != mesh::PathRow::kNever) sample.rtt = rtt_level(path.row.p50_us);
  sample.loss = loss_value(path.row.lost, path.row.sent);
  return sample;
}

}  // namespace

std::string_view text(Trail::Moment moment) {
  return moment == Trail::Moment::kOpened ? "opened" : "closed";
}

PathTrails::Key PathTrails::key_of(std::string_view from, std::string_view to) {
  return Random(hash(1, from) ^ hash(2, to)).next();
}

PathTrails::Key PathTrails::key_of(std::string_view path) {
  const auto arrow = path.find(kArrow);
  if (arrow == std::string_view::npos) return key_of(path, "");
  return key_of(path.substr(0, arrow), path.substr(arrow + kArrow.size()));
}

void PathTrails::begin(Seconds time) {
  const Step step = time.time_since_epoch() / kStep;
  if (step < step_ - 1) {
    rings_.clear();
    followed_.clear();
  }
  // Steps between were missed, as by a server that did not run: nothing is known of them.
  for (Trail& trail : followed_) {
    for (Trail::OfPath& path : trail.paths) {
      const Step next =
          trail.start.time_since_epoch() / kStep + static_cast<Step>(path.samples.size());
      const Step missed = std::clamp<Step>(step - next, 0, kBefore + kAfter);
      path.samples.resize(path.samples.size() + static_cast<std::size_t>(missed));
    }
  }
  step_ = step;
}

void PathTrails::add(const mesh::PathView& path) {
  if (!path.row.between_agents()) return;
  const Key key = key_of(path.from_name, path.to_name);
  auto found = rings_.find(key);
  if (found == rings_.end()) {
    if (rings_.size() >= paths_max_) {
      ++left_out_;
      return;
    }
    found = rings_.try_emplace(key).first;
  }
  Ring& ring = found->second;
  constexpr auto kSteps = static_cast<Step>(kBefore);
  const PathSample sample = sample_of(path);
  PathSample& place = ring.samples.at(static_cast<std::size_t>(step_ % kSteps));
  if (ring.last == step_) {  // Of the other IP version.
    if (mesh::badness(sample.state) > mesh::badness(place.state)) place = sample;
    return;
  }
  for (Step gone = std::max(ring.last + 1, step_ - kSteps + 1); gone < step_; ++gone) {
    ring.samples.at(static_cast<std::size_t>(gone % kSteps)) = PathSample();
  }
  place = sample;
  ring.last = step_;
}

PathSample PathTrails::at(Key key, Step step) const {
  const auto found = rings_.find(key);
  constexpr auto kSteps = static_cast<Step>(kBefore);
  if (found == rings_.end()) return {};
  const Ring& ring = found->second;
  if (step > ring.last || step <= ring.last - kSteps) return {};
  return ring.samples.at(static_cast<std::size_t>(step % kSteps));
}

std::vector<Trail> PathTrails::end() {
  std::erase_if(rings_, [this](const auto& entry) {
    return entry.second.last + static_cast<Step>(kBefore) <= step_;
  });
  for (Trail& trail : followed_) {
    for (Trail::OfPath& path : trail.paths) path.samples.push_back(at(key_of(path.path), step_));
  }
  const auto complete = [](const Trail& trail) {
    return trail.paths.front().samples.size() >= kBefore + kAfter;
  };
  std::vector<Trail> ended;
  for (Trail& trail : followed_) {
    if (complete(trail)) ended.push_back(std::move(trail));
  }
  std::erase_if(followed_,
                [&](const Trail& trail) { return trail.paths.empty() || complete(trail); });
  return ended;
}

void PathTrails::follow(std::uint64_t verdict, Trail::Moment moment,
                        const std::vector<std::string>& evidence) {
  if (evidence.empty()) return;
  if (followed_.size() >= kFollowedMax) {
    ++left_out_;
    return;
  }
  const Step first = step_ - static_cast<Step>(kBefore) + 1;
  Trail trail{.verdict = verdict, .moment = moment, .start = Seconds(first * kStep), .paths = {}};
  for (const std::string& name : evidence) {
    const bool twice = std::any_of(trail.paths.begin(), trail.paths.end(),
                                   [&](const Trail::OfPath& path) { return path.path == name; });
    if (twice) continue;
    Trail::OfPath& path = trail.paths.emplace_back();
    path.path = name;
    for (Step step = first; step <= step_; ++step) {
      path.samples.push_back(at(key_of(name), step));
    }
  }
  followed_.push_back(std::move(trail));
}

}  // namespace meshcheck::history

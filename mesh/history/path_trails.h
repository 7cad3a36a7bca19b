// How single paths were in the minutes round the begin and the end of a verdict that names them.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mesh/history/recent_history.h"
#include "mesh/table/mesh_table.h"

namespace meshcheck::history {

// Of a path at one moment; what is of the last minute.
struct PathSample {
  static constexpr std::uint16_t kNone = 0xffff;

  bool known = false;  // False: nobody reported such a path.
  mesh::PathState state = mesh::PathState::kUnknown;
  std::uint16_t rtt = kNone;   // Of the median: a level of rtt_level().
  std::uint16_t loss = kNone;  // In 1/Point::kLargest.
  friend bool operator==(const PathSample&, const PathSample&) = default;
};

// The paths that a verdict names as its evidence, for five minutes before and after.
struct Trail {
  enum class Moment : std::uint8_t { kOpened, kClosed };  // What of the verdict.
  struct OfPath {
    std::string path;                 // "agent-a -> agent-b", as the evidence names it.
    std::vector<PathSample> samples;  // kStep apart, from `start` on.
  };

  std::uint64_t verdict = 0;
  Moment moment = Moment::kOpened;
  Seconds start;
  std::vector<OfPath> paths;
};
std::string_view text(Trail::Moment moment);  // "opened", "closed"

// Keeps the last five minutes of all paths between agents, at about 220 bytes each, and follows
// those of verdicts for five more. Paths of both IP versions between two agents are one, the worse
// of them. Bounded by paths and trails; more are left out and counted. Reads no clock and has no
// lock: its owner guards it.
class PathTrails {
 public:
  static constexpr std::chrono::seconds kStep = RecentHistory::kStep;
  static constexpr std::size_t kBefore = 30;  // Steps: five minutes.
  static constexpr std::size_t kAfter = 30;
  static constexpr std::size_t kFollowedMax = 256;  // Trails at once.

  explicit PathTrails(std::size_t paths_max) : paths_max_(paths_max) {}

  // Begins the step that has `time` in it; its paths are added next, each once. After a jump of the
  // clock back, by more than a step, all begins anew.
  void begin(Seconds time);
  void add(const mesh::PathView& path);
  // All paths of the step were added. Returns the trails that are complete with it.
  std::vector<Trail> end();

  // From now on; `evidence` names the paths.
  void follow(std::uint64_t verdict, Trail::Moment moment,
              const std::vector<std::string>& evidence);

  // As far as they are; oldest first.
  const std::vector<Trail>& followed() const { return followed_; }
  std::size_t paths() const { return rings_.size(); }
  std::uint64_t left_out() const { return left_out_; }  // Samples of paths, and trails.

 private:
  using Step = std::int64_t;  // Since 1970.
  using Key = std::uint64_t;  // A hash of both names.
  struct Ring {
    Step last = 0;
    std::array<PathSample, kBefore> samples;
  };

  static Key key_of(std::string_view from, std::string_view to);
  static Key key_of(std::string_view path);
  PathSample at(Key key, Step step) const;

  const std::size_t paths_max_;
  Step step_ = 0;
  std::uint64_t left_out_ = 0;
  std::unordered_map<Key, Ring> rings_;
  std::vector<Trail> followed_;
};

}  // namespace meshcheck::history

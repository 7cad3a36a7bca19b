#include <utility>

#include "checks/check_options.h"
#include "checks/checkers.h"
#include "checks/votes.h"
#include "lib/uv/timer.h"

namespace meshcheck::checks {
namespace {

// Asks nobody: the mesh is probed all the time.
class PathCheck : public Check {
 public:
  PathCheck(Context& context, Follow follow)
      : context_(context),
        follow_(follow),
        later_(context.loop, [this] { std::exchange(on_done_, nullptr)(judge()); }) {}

  void start(OnDone on_done) override {
    on_done_ = std::move(on_done);
    later_.start(std::chrono::milliseconds(0));
  }
  void cancel() override {
    later_.stop();
    on_done_ = nullptr;
  }

 private:
  CheckResult judge() const {
    const PathCounts counts = context_.paths ? context_.paths() : PathCounts();
    const std::size_t paths = counts.up + counts.down + counts.unknown;
    const std::string down =
        std::to_string(counts.down) + " of " + std::to_string(paths) + " paths are down";
    if (follow_ == Follow::kAll && counts.down > 0) return {sla::Status::kDown, down};
    if (counts.up > 0) return {sla::Status::kUp, {}};
    if (counts.down > 0) return {sla::Status::kDown, down};
    return {sla::Status::kUnknown, paths == 0 ? "there is no path" : "no path is known yet"};
  }

  Context& context_;
  const Follow follow_;
  OnDone on_done_;
  uv::Timer later_;
};

}  // namespace

Made make_path_check(Context& context, const sla::CheckSpec& spec) {
  CheckOptions with(spec.with);
  const Follow follow = with.choice("follow", {"all", "any"}) == 0 ? Follow::kAll : Follow::kAny;
  if (auto finished = with.finish(); !finished) return finished.error();
  return Made(std::make_unique<PathCheck>(context, follow));
}

}  // namespace meshcheck::checks

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "checks/check_options.h"
#include "checks/checkers.h"
#include "checks/votes.h"
#include "lib/uv/fd_watcher.h"
#include "lib/uv/process.h"
#include "lib/uv/timer.h"
#include "probe/descriptor.h"

namespace meshcheck::checks {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kOutputMax = 1024;  // The last bytes of the output.
constexpr std::size_t kReasonTail = 240;  // The last bytes of them, for the reason.

// Runs a program in a process group of its own, of which nothing is left when the run is over: the
// group gets SIGTERM when the time is up, SIGKILL some time after that, and SIGKILL also when the
// program itself has ended. A process that leaves the group (setsid) escapes.
class CommandCheck : public Check {
 public:
  CommandCheck(Context& context, std::vector<std::string> arguments, milliseconds kill_after)
      : context_(context),
        arguments_(std::move(arguments)),
        kill_after_(kill_after),
        kill_timer_(context.loop, [this] { signal(SIGKILL); }),
        later_(context.loop, [this] {
          finish({sla::Status::kUnknown, reason_of(trouble_)});
        }) {}
  ~CommandCheck() override { signal(SIGKILL); }

  void start(OnDone on_done) override {
    on_done_ = std::move(on_done);
    const Result<void> started = process_ ? Error("the run before has not ended yet") : spawn();
    if (started) return;
    trouble_ = started.error().message();
    later_.start(milliseconds(0));
  }

  // What it leaves behind goes on until the program is dead.
  void cancel() override {
    later_.stop();
    on_done_ = nullptr;
    if (!process_) return;
    signal(SIGTERM);
    kill_timer_.start(kill_after_);
  }

  CheckResult timed_out() const override {
    return {sla::Status::kDown, reason_of("it took too long" + tail())};
  }

 private:
  Result<void> spawn() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error::from_errno("pipe", errno);
    watcher_.reset();
    output_ = probe::Descriptor(ends[0]);
    const probe::Descriptor child_end(ends[1]);
    fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    said_.clear();
    auto process = uv::Process::spawn(
        context_.loop, arguments_, [this](uv::Process::Exit exit) { exited(exit); },
        child_end.get());
    if (!process) return process.error();
    process_.emplace(*std::move(process));
    watcher_.emplace(context_.loop, output_.get(), [this](auto) {
      if (!read_output()) watcher_.reset();
    });
    watcher_->watch({.readable = true});
    return {};
  }

  // One turn's worth, so that who writes without end cannot hold the loop. False at the end.
  bool read_output() {
    std::array<char, 16'384> bytes{};
    const ssize_t count = read(output_.get(), bytes.data(), bytes.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    said_.append(bytes.data(), static_cast<std::size_t>(count));
    if (said_.size() > kOutputMax) said_.erase(0, said_.size() - kOutputMax);
    return count > 0;
  }

  std::string tail() const {
    if (said_.empty()) return {};
    return ": " + said_.substr(said_.size() - std::min(said_.size(), kReasonTail));
  }

  void exited(uv::Process::Exit exit) {
    signal(SIGKILL);
    kill_timer_.stop();
    // What the pipe still holds, at most 64 KiB.
    for (int turn = 0; turn < 4 && watcher_; ++turn) {
      if (!read_output()) watcher_.reset();
    }
    watcher_.reset();
    output_.close();
    process_.reset();
    if (!on_done_) return;
    if (exit.signal != 0) {
      finish({sla::Status::kDown,
              reason_of("ended by signal " + std::to_string(exit.signal) + tail())});
    } else if (exit.code != 0) {
      finish({sla::Status::kDown, reason_of("exit code " + std::to_string(exit.code) + tail())});
    } else {
      finish({sla::Status::kUp, {}});
    }
  }

  // Its group may be gone by itself.
  void signal(int number) {
    if (process_) static_cast<void>(process_->kill(number).has_value());
  }

  void finish(const CheckResult& result) {
    if (const OnDone on_done = std::exchange(on_done_, nullptr)) on_done(result);
  }

  Context& context_;
  const std::vector<std::string> arguments_;
  const milliseconds kill_after_;
  OnDone on_done_;
  std::string trouble_;
  std::string said_;
  probe::Descriptor output_;
  std::optional<uv::FdWatcher> watcher_;
  std::optional<uv::Process> process_;
  uv::Timer kill_timer_;
  uv::Timer later_;
};

}  // namespace

Made make_command_check(Context& context, const sla::CheckSpec& spec) {
  CheckOptions with(spec.with);
  auto arguments = with.texts("argv");
  const auto kill_after =
      with.duration_or("kill_after", milliseconds(1000), {milliseconds(0), milliseconds(60'000)});
  if (auto finished = with.finish(); !finished) return finished.error();
  return Made(std::make_unique<CommandCheck>(context, std::move(arguments), kill_after));
}

}  // namespace meshcheck::checks

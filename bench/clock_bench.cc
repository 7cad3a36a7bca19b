// Either end of STAMP with one of two clocks, for bench/clock to measure.
//   clock_bench reflectors PORT COUNT CLOCK       one on each port; CLOCK is "kernel" or "user"
//   clock_bench prober ADDRESS PORT COUNT INTERVAL_MS CLOCK
// Both end on SIGTERM. Two seconds after its start the prober says "ready" and keeps what it
// measures from then on; at its end it prints a line about it.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/uv/signal.h"
#include "lib/uv/timer.h"
#include "mesh/path/stamp_path.h"
#include "probe/pacer.h"
#include "probe/stamp_reflector.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// What StampProber does, on one socket, but keeps each final round trip to the nanosecond.
class Prober {
 public:
  struct Options {
    Endpoint first;  // The paths differ in the port, one more each.
    std::uint16_t count = 1;
    milliseconds interval{1000};
    bool kernel_times = true;
  };

  Prober(uv::Loop& loop, const Options& options);

  Result<void> open(uv::Loop& loop);
  void keep_from_now_on();
  void print();

 private:
  static constexpr milliseconds kSweepPeriod{200};

  void make_paths();
  void probe_due();
  void sweep();
  void on_received(const TimestampedSocket::Received& received);

  Options options_;
  std::vector<mesh::StampPath> paths_;
  std::size_t next_ = 0;  // Whose turn it is.
  Pacer pacer_;
  bool keeps_ = false;
  std::vector<nanoseconds> round_trips_;
  std::uint64_t user_times_ = 0;  // Packets with a time of our own clock.
  std::optional<TimestampedSocket> socket_;
  uv::Timer pace_timer_;
  uv::Timer sweep_timer_;
};

Prober::Prober(uv::Loop& loop, const Options& options)
    : options_(options),
      pacer_(options.interval, Clock::now()),
      pace_timer_(loop, [this] { probe_due(); }),
      sweep_timer_(loop, [this] { sweep(); }) {
  make_paths();
}

void Prober::make_paths() {
  const auto now = Clock::now();
  paths_.clear();
  for (std::uint16_t i = 0; i < options_.count; ++i) {
    paths_.push_back(mesh::StampPath(
        {.path = {.interval = options_.interval}, .ssid = 1, .probe_size = 0, .error = {}}, nullptr,
        now));
  }
}

Result<void> Prober::open(uv::Loop& loop) {
  Endpoint any;
  any.address = *IpAddress::parse("0.0.0.0");
  auto opened = TimestampedSocket::open(
      loop, {.local = any, .kernel_times = options_.kernel_times},
      {.on_received = [this](const auto& received) { on_received(received); },
       .on_transmitted =
           [this](const auto& sent) {
             user_times_ += sent.kernel_time ? 0 : 1;
             paths_[sent.cookie >> 32U].transmitted(static_cast<std::uint32_t>(sent.cookie),
                                                    sent.time);
           },
       .on_failure = {}});
  if (!opened) return opened.error();
  socket_.emplace(*std::move(opened));
  pacer_.set(paths_.size(), options_.interval, Clock::now());
  pace_timer_.start(std::chrono::ceil<milliseconds>(*pacer_.wait()));
  sweep_timer_.start_repeating(kSweepPeriod);
  return {};
}

void Prober::keep_from_now_on() {
  keeps_ = true;
  user_times_ = 0;
  make_paths();
}

void Prober::probe_due() {
  const mesh::StampPath::Now now{.wall = WallClock::now(), .steady = Clock::now()};
  for (std::size_t due = pacer_.due(now.steady); due > 0; --due) {
    std::array<std::uint8_t, 256> buffer;
    const std::size_t path = next_++ % paths_.size();
    const stamp::Sender::Sent sent = paths_[path].send(now, buffer);
    Endpoint to = options_.first;
    to.port = static_cast<std::uint16_t>(to.port + path);
    socket_->send({.bytes = sent.packet,
                   .to = to,
                   .from = {},
                   .cookie = std::uint64_t{path} << 32U | sent.sequence});
  }
  socket_->flush();
  pace_timer_.start(std::chrono::ceil<milliseconds>(*pacer_.wait()));
}

void Prober::sweep() {
  if (!socket_->drain()) return;
  for (mesh::StampPath& path : paths_) path.tick(Clock::now());
}

void Prober::on_received(const TimestampedSocket::Received& received) {
  const std::size_t path = received.from.port - std::size_t{options_.first.port};
  if (path >= paths_.size()) return;
  user_times_ += received.kernel_time ? 0 : 1;
  const auto finished = paths_[path].receive(received.bytes, received.time, Clock::now());
  if (finished && *finished && keeps_) round_trips_.push_back(**finished);
}

void Prober::print() {
  std::sort(round_trips_.begin(), round_trips_.end());
  const auto microseconds = [this](double share) {
    if (round_trips_.empty()) return 0.0;
    const auto rank = std::ceil(share * static_cast<double>(round_trips_.size()));
    const auto value = round_trips_[std::max<std::size_t>(static_cast<std::size_t>(rank), 1) - 1];
    return std::chrono::duration<double, std::micro>(value).count();
  };
  mesh::PathTotals totals;
  std::vector<std::int64_t> reported;
  for (const mesh::StampPath& path : paths_) {
    totals += path.path().totals();
    const auto round_trips = path.path().summary(Clock::now()).round_trips;
    reported.push_back(round_trips ? round_trips->p99.count() : 0);
  }
  std::sort(reported.begin(), reported.end());
  std::printf(
      "p50 %.2f p90 %.2f p99 %.2f max %.2f reported %ld round_trips %zu sent %zu lost %zu late %zu "
      "user_times %zu\n",
      microseconds(0.5), microseconds(0.9), microseconds(0.99), microseconds(1.0),
      reported[reported.size() / 2], round_trips_.size(), totals.sent, totals.lost, totals.late,
      user_times_);
}

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message().c_str());
  return 1;
}

void say_ready() {
  std::puts("ready");
  std::fflush(stdout);
}

int probe(const Prober::Options& options) {
  // Until then addresses are looked up and the kernel begins to take times.
  constexpr milliseconds kWarmUp{2000};
  uv::Loop loop;
  const uv::Signal stop(loop, SIGTERM, [&loop] { loop.stop(); });
  Prober prober(loop, options);
  if (const auto opened = prober.open(loop); !opened) return fail(opened.error());
  uv::Timer warm(loop, [&prober] {
    prober.keep_from_now_on();
    say_ready();
  });
  warm.start(kWarmUp);
  loop.run();
  prober.print();
  return 0;
}

// As in a mesh, where each peer has its own. A reflector tells a sender when its latest reply left,
// whichever path that was.
int reflect(std::uint16_t first, std::uint16_t count, bool kernel_times) {
  uv::Loop loop;
  const uv::Signal stop(loop, SIGTERM, [&loop] { loop.stop(); });
  std::vector<StampReflector> reflectors;
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto port = static_cast<std::uint16_t>(first + i);
    auto started = StampReflector::start(loop, {.port = port,
                                                .open = true,
                                                .kernel_times = kernel_times,
                                                .budget = {.to_one = 0, .in_all = 0}});
    if (!started) return fail(started.error());
    reflectors.push_back(*std::move(started));
  }
  say_ready();
  loop.run();
  return 0;
}

template <typename Number>
Number number(const char* text) {
  const std::string_view view(text);
  Number value{};
  if (std::from_chars(view.begin(), view.end(), value).ptr != view.end()) std::exit(2);
  return value;
}

bool is_kernel(std::string_view clock) {
  if (clock != "kernel" && clock != "user") std::exit(2);
  return clock == "kernel";
}

int run(int count, char** words) {
  const std::string_view what = count > 1 ? words[1] : "";
  if (what == "reflectors" && count == 5) {
    return reflect(number<std::uint16_t>(words[2]), number<std::uint16_t>(words[3]),
                   is_kernel(words[4]));
  }
  if (what == "prober" && count == 7) {
    const auto address = IpAddress::parse(words[2]);
    if (!address) return 2;
    return probe({.first = {.address = *address, .port = number<std::uint16_t>(words[3])},
                  .count = number<std::uint16_t>(words[4]),
                  .interval = milliseconds(number<int>(words[5])),
                  .kernel_times = is_kernel(words[6])});
  }
  std::fputs("see the head of bench/clock_bench.cc\n", stderr);
  return 2;
}

}  // namespace
}  // namespace meshcheck::probe

int main(int count, char** words) {
  return meshcheck::probe::run(count, words);
}

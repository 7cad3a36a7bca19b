// Either end of STAMP alone, for bench/probe and bench/size to measure.
//   probe_bench reflector PORT SECRET             until a signal; SECRET "-" means none
//   probe_bench prober FIRST COUNT PORT INTERVAL_MS SECRET
//   probe_bench sizes FIRST COUNT PORT MTU SECRET  says "known" when it knows all paths' sizes
// FIRST is an IPv4 address and COUNT how many follow it. Ends on SIGTERM with a line of counts.
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/uv/signal.h"
#include "probe/pmtu_prober.h"
#include "probe/stamp_prober.h"
#include "probe/stamp_reflector.h"

namespace meshcheck::probe {
namespace {

std::optional<stamp::Key> key(std::string_view secret) {
  if (secret == "-") return std::nullopt;
  return *stamp::Key::from_bytes(std::vector<std::uint8_t>(secret.begin(), secret.end()));
}

int reflect(std::uint16_t port, std::string_view secret) {
  uv::Loop loop;
  const uv::Signal stop(loop, SIGTERM, [&loop] { loop.stop(); });
  auto reflector = StampReflector::start(
      loop, {.port = port, .open = true, .budget = {.to_one = 0, .in_all = 0}});
  if (!reflector) {
    std::fprintf(stderr, "%s\n", reflector.error().message().c_str());
    return 1;
  }
  reflector->set_keys(key(secret), std::nullopt);
  std::puts("ready");
  std::fflush(stdout);
  loop.run();
  const StampReflector::Counts counts = reflector->counts();
  std::printf("requests %zu replies %zu refused %zu drops %zu\n", counts.requests, counts.replies,
              counts.refused, reflector->count_drops());
  return 0;
}

std::vector<StampProber::Target> targets(const IpAddress& first, std::uint32_t count,
                                         std::uint16_t port) {
  std::vector<StampProber::Target> targets;
  const auto base = stamp::get<std::uint32_t>(first.bytes(), 0);
  for (std::uint32_t id = 0; id < count; ++id) {
    std::array<std::uint8_t, 4> bytes{};
    stamp::put(bytes, 0, base + id);
    targets.push_back(
        {.id = id, .endpoint = {.address = IpAddress::from_bytes(bytes), .port = port}});
  }
  return targets;
}

int probe(const std::vector<StampProber::Target>& targets, std::chrono::milliseconds interval,
          std::string_view secret) {
  uv::Loop loop;
  const uv::Signal stop(loop, SIGTERM, [&loop] { loop.stop(); });
  StampProber prober(loop, {.interval = interval, .ssid = 1}, {});
  prober.set_key(key(secret));
  prober.set_paths(targets);
  std::puts("ready");
  std::fflush(stdout);
  loop.run();
  int up = 0;
  for (const StampProber::Target& target : targets) {
    up += prober.path(target.id)->state() == mesh::PathState::kUp ? 1 : 0;
  }
  const mesh::PathTotals totals = prober.totals();
  const StampProber::Counts counts = prober.counts();
  std::printf(
      "sent %zu lost %zu late %zu voided %zu up %d starved %zu drops %zu unmatched %zu %s\n",
      totals.sent, totals.lost, totals.late, totals.voided, up, counts.starved,
      counts.receive_drops, counts.unmatched, prober.kernel_times() ? "kernel" : "user");
  return 0;
}

// As many paths as there are of each size.
std::map<std::uint16_t, int> sizes_of(const PmtuProber& prober, std::size_t paths) {
  std::map<std::uint16_t, int> sizes;
  for (std::uint32_t id = 0; id < paths; ++id) {
    const mesh::PathMtu& path = *prober.path(id);
    for (const auto direction : {mesh::Direction::kForward, mesh::Direction::kBackward}) {
      const mesh::PathMtu::Result result = path.result(direction, Clock::now());
      if (result.fragments == mesh::FragmentsResult::kUnknown) continue;
      if (result.size) ++sizes[*result.size];
    }
  }
  return sizes;
}

int probe_sizes(const std::vector<PmtuProber::Target>& targets, std::string_view secret) {
  uv::Loop loop;
  const uv::Signal stop(loop, SIGTERM, [&loop] { loop.stop(); });
  PmtuProber prober(loop, {.ssid = 2}, [](std::uint32_t) { return mesh::PathState::kUp; }, {});
  prober.set_key(key(secret));
  prober.set_paths(targets);
  const auto began = Clock::now();
  uv::Timer look(loop, [&] {
    int known = 0;
    for (const auto& [size, directions] : sizes_of(prober, targets.size())) known += directions;
    if (static_cast<std::size_t>(known) < 2 * targets.size()) return;
    look.stop();
    std::printf("known %.1f\n", std::chrono::duration<double>(Clock::now() - began).count());
    std::fflush(stdout);
  });
  look.start_repeating(std::chrono::milliseconds(100));
  std::puts("ready");
  std::fflush(stdout);
  loop.run();
  const PmtuProber::Counts counts = prober.counts();
  std::printf("sent %zu starved %zu unmatched %zu sizes", counts.sent, counts.starved,
              counts.unmatched);
  for (const auto& [size, directions] : sizes_of(prober, targets.size())) {
    std::printf(" %u:%d", size, directions);
  }
  std::puts("");
  return 0;
}

template <typename Number>
Number number(const char* text) {
  const std::string_view view(text);
  Number value{};
  if (std::from_chars(view.begin(), view.end(), value).ptr != view.end()) std::exit(2);
  return value;
}

int run(int count, char** words) {
  const std::string_view what = count > 1 ? words[1] : "";
  if (what == "reflector" && count == 4) {
    return reflect(number<std::uint16_t>(words[2]), words[3]);
  }
  if (what == "prober" && count == 7) {
    const auto first = IpAddress::parse(words[2]);
    if (!first) return 2;
    return probe(targets(*first, number<std::uint32_t>(words[3]), number<std::uint16_t>(words[4])),
                 std::chrono::milliseconds(number<int>(words[5])), words[6]);
  }
  if (what == "sizes" && count == 7) {
    const auto first = IpAddress::parse(words[2]);
    if (!first) return 2;
    std::vector<PmtuProber::Target> paths;
    const auto mtu = number<std::uint32_t>(words[5]);
    for (const StampProber::Target& target :
         targets(*first, number<std::uint32_t>(words[3]), number<std::uint16_t>(words[4]))) {
      paths.push_back({.id = target.id,
                       .endpoint = target.endpoint,
                       .own_link_mtu = mtu,
                       .peer_link_mtu = mtu});
    }
    return probe_sizes(paths, words[6]);
  }
  std::fputs("see the head of bench/probe_bench.cc\n", stderr);
  return 2;
}

}  // namespace
}  // namespace meshcheck::probe

int main(int count, char** words) {
  return meshcheck::probe::run(count, words);
}

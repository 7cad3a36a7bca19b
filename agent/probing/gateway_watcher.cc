#include "agent/probing/gateway_watcher.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "lib/base/time.h"
#include "lib/netlink/monitor.h"
#include "lib/netlink/socket.h"
#include "lib/uv/timer.h"

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;

// At most this share of the time goes into asking the kernel.
constexpr int kRestPerWork = 20;
constexpr milliseconds kSettleMax{5000};

bool is_link_local(const IpAddress& address) {
  const auto bytes = address.bytes();
  return bytes.size() == 16 && bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80;
}

bool may_concern_gateways(const netlink::Event& event) {
  const auto* const changed = std::get_if<netlink::RouteChanged>(&event);
  return changed == nullptr || changed->route.is_default();
}

netlink::Snapshot::Options what_to_read() {
  netlink::Snapshot::Options options;
  options.routes = netlink::Snapshot::Routes::kDefaults;
  options.neighbours = false;
  return options;
}

}  // namespace

std::string WatchedGateway::text() const {
  return endpoint.address.text() + (endpoint.scope == 0 ? "" : "%" + link);
}

std::vector<WatchedGateway> watched_gateways(const netlink::Snapshot& snapshot) {
  std::vector<WatchedGateway> gateways;
  for (const netlink::Gateway& gateway : snapshot.default_gateways()) {
    if (!gateway.address || gateways.size() >= kGatewaysMax) continue;
    const std::uint32_t scope = is_link_local(*gateway.address) ? gateway.link_index : 0;
    const Endpoint endpoint{.address = *gateway.address, .port = 0, .scope = scope};
    const auto known = std::find_if(gateways.begin(), gateways.end(),
                                    [&](const auto& each) { return each.endpoint == endpoint; });
    if (known != gateways.end()) continue;
    const netlink::Link* const link = snapshot.link(gateway.link_index);
    gateways.push_back({.endpoint = endpoint,
                        .link = link == nullptr ? std::to_string(gateway.link_index) : link->name});
  }
  return gateways;
}

struct GatewayWatcher::Node {
  Node(uv::Loop& loop, const Log& to, const Options& given, OnChange on_change)
      : log(to),
        options(given),
        timer(loop, [this, on_change = std::move(on_change)] { read(on_change); }) {}

  void read(const OnChange& on_change);
  void announced(const netlink::Event& event);
  Result<netlink::Snapshot> take();

  Log log;
  Options options;
  std::optional<netlink::Socket> socket;
  std::optional<netlink::Monitor> monitor;
  std::vector<WatchedGateway> gateways;
  milliseconds settle{0};
  bool settling = false;
  uv::Timer timer;  // Until the next read.
};

void GatewayWatcher::Node::announced(const netlink::Event& event) {
  if (settling || !may_concern_gateways(event)) return;
  settling = true;
  timer.start(settle);
}

Result<netlink::Snapshot> GatewayWatcher::Node::take() {
  if (!socket) {
    auto opened = netlink::Socket::open({});
    if (!opened) return opened.error();
    socket.emplace(*std::move(opened));
  }
  auto snapshot = netlink::Snapshot::take(*socket, what_to_read());
  if (!snapshot) socket.reset();
  return snapshot;
}

void GatewayWatcher::Node::read(const OnChange& on_change) {
  const auto started = Clock::now();
  const auto snapshot = take();
  const auto rest =
      std::chrono::duration_cast<milliseconds>((Clock::now() - started) * kRestPerWork);
  settle = std::max(options.settle, std::min(rest, kSettleMax));
  settling = snapshot && snapshot->inconsistent;
  timer.start(settling ? settle : options.reread);
  if (!snapshot) {
    log.warning("gateways unknown", {{"error", snapshot.error().message()}});
    return;
  }
  auto found = watched_gateways(*snapshot);
  if (found == gateways) return;
  gateways = std::move(found);
  // It may destroy the watcher, and with it this, but not the closure that `on_change` lives in.
  const std::vector<WatchedGateway> told = gateways;
  on_change(told);
}

Result<GatewayWatcher> GatewayWatcher::start(uv::Loop& loop, const Log& log, OnChange on_change) {
  return start(loop, log, {}, std::move(on_change));
}

Result<GatewayWatcher> GatewayWatcher::start(uv::Loop& loop, const Log& log, const Options& options,
                                             OnChange on_change) {
  auto node = std::make_unique<Node>(loop, log, options, std::move(on_change));
  node->settle = options.settle;
  auto monitor =
      netlink::Monitor::start(loop, {.neighbours = false},
                              [raw = node.get()](const auto& event) { raw->announced(event); });
  if (!monitor) return monitor.error();
  node->monitor.emplace(*std::move(monitor));
  node->settling = true;
  node->timer.start(milliseconds(0));
  return GatewayWatcher(std::move(node));
}

GatewayWatcher::GatewayWatcher(std::unique_ptr<Node> node) : node_(std::move(node)) {}
GatewayWatcher::GatewayWatcher(GatewayWatcher&&) noexcept = default;
GatewayWatcher& GatewayWatcher::operator=(GatewayWatcher&&) noexcept = default;
GatewayWatcher::~GatewayWatcher() = default;

}  // namespace meshcheck::agent

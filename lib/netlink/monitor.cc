#include "lib/netlink/monitor.h"

#include <linux/rtnetlink.h>

#include <optional>
#include <utility>

#include "lib/netlink/parse.h"
#include "lib/netlink/socket.h"
#include "lib/uv/fd_watcher.h"

namespace meshcheck::netlink {
namespace {

std::uint32_t groups_of(const Monitor::Options& options) {
  std::uint32_t groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (options.routes) groups |= RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (options.neighbours) groups |= RTMGRP_NEIGH;
  return groups;
}

}  // namespace

struct Monitor::Node {
  Node(Socket opened, std::size_t datagrams)
      : socket(std::move(opened)), datagrams_max(datagrams) {}
  ~Node() {
    if (destroyed != nullptr) *destroyed = true;
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void receive(const OnEvent& on_event);

  Socket socket;
  std::size_t datagrams_max;
  bool* destroyed = nullptr;  // Where a receive() under way looks after each event.
  std::optional<uv::FdWatcher> watcher;
};

// `on_event` lives in the watcher's closure, which outlasts this node until the loop's next turn.
void Monitor::Node::receive(const OnEvent& on_event) {
  bool gone = false;
  destroyed = &gone;
  for (std::size_t i = 0; i < datagrams_max; ++i) {
    const auto received = socket.receive();
    // Nothing but an overrun can go wrong with an open socket; if it does, something was lost.
    if (!received || received->status == Socket::Received::Status::kOverrun) {
      on_event(Overrun{});
      if (gone) return;
      if (!received) break;
      continue;
    }
    if (received->status == Socket::Received::Status::kNothing) break;
    Bytes rest = received->bytes;
    while (const auto message = next_message(rest)) {
      const auto event = parse_event(*message);
      if (event) on_event(*event);
      if (gone) return;
    }
  }
  destroyed = nullptr;
  // libuv stops watching a descriptor that reports an error, which an overrun is.
  watcher->watch({.readable = true});
}

Result<Monitor> Monitor::start(uv::Loop& loop, const Options& options, OnEvent on_event) {
  auto socket = Socket::open(
      {.groups = groups_of(options), .receive_buffer_bytes = options.receive_buffer_bytes});
  if (!socket) return socket.error().within("netlink monitor");
  auto node = std::make_unique<Node>(*std::move(socket), options.datagrams_max);
  node->watcher.emplace(loop, node->socket.descriptor(),
                        [raw = node.get(), on_event = std::move(on_event)](
                            uv::FdWatcher::Interest) { raw->receive(on_event); });
  node->watcher->watch({.readable = true});
  return Monitor(std::move(node));
}

Monitor::Monitor(std::unique_ptr<Node> node) : node_(std::move(node)) {}
Monitor::Monitor(Monitor&&) noexcept = default;
Monitor& Monitor::operator=(Monitor&&) noexcept = default;
Monitor::~Monitor() = default;

}  // namespace meshcheck::netlink

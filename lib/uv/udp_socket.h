// A UDP socket for traffic that needs neither kernel timestamps nor batches; probes have their own.
#pragma once

#include <functional>
#include <string_view>

#include "lib/base/ip_address.h"
#include "lib/uv/handle.h"
#include "lib/uv/loop.h"

namespace meshcheck::uv {

class UdpSocket {
 public:
  using OnDatagram = std::function<void(std::string_view bytes, const Endpoint& sender)>;

  // Receives from here on. Datagrams longer than 64 KiB cannot exist; a truncated one is dropped.
  static Result<UdpSocket> bind(Loop& loop, const Endpoint& local, OnDatagram on_datagram);

  // Sends at once or not at all: a full socket buffer is an error, and the datagram is lost, as it
  // would be on the wire.
  Result<void> send(std::string_view bytes, const Endpoint& receiver);

  Endpoint local() const;

 private:
  struct Node {
    uv_udp_t handle{};
    OnDatagram on_datagram;
  };
  explicit UdpSocket(HandlePtr<Node> node) : node_(std::move(node)) {}

  HandlePtr<Node> node_;
};

}  // namespace meshcheck::uv

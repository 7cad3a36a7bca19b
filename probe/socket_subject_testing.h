// For tests of a timestamped socket: records all of its events.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/uv/loop.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {

inline std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string text_of(std::span<const std::uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}
inline Endpoint endpoint(const std::string& text) {
  return *Endpoint::parse(text);
}

// A socket and all of its events.
struct Subject {
  struct Packet {
    std::string text;
    Endpoint from;
    IpAddress local;
    std::uint8_t ttl = 0;
    WallTime time;
    bool kernel_time = false;
  };
  struct Failed {
    int error_number = 0;
    Endpoint to;
    std::optional<std::uint64_t> cookie;
    std::string quote;
    std::string text;
    std::uint32_t mtu = 0;
  };

  explicit Subject(uv::Loop& loop, const TimestampedSocket::Options& options) {
    auto opened = TimestampedSocket::open(
        loop, options,
        {.on_received =
             [this](const TimestampedSocket::Received& packet) {
               received.push_back({text_of(packet.bytes), packet.from, packet.local, packet.ttl,
                                   packet.time, packet.kernel_time});
             },
         .on_transmitted =
             [this](const TimestampedSocket::Transmitted& sent) {
               transmitted[sent.cookie] = sent.time;
               kernel_times += sent.kernel_time ? 1 : 0;
             },
         .on_failure =
             [this](const TimestampedSocket::Failure& failure) {
               failed.push_back({failure.error_number, failure.to, failure.cookie,
                                 text_of(failure.quote), failure.text(), failure.mtu});
             }});
    if (opened) {
      socket.emplace(*std::move(opened));
    } else {
      error = opened.error().message();
    }
  }

  void send(const std::string& text, const Endpoint& to, std::uint64_t cookie = 0) {
    socket->send({.bytes = bytes_of(text), .to = to, .cookie = cookie});
  }
  void send_as(TimestampedSocket::Fragmentation fragmentation, std::size_t size, const Endpoint& to,
               std::uint64_t cookie) {
    socket->send({.bytes = bytes_of(std::string(size, 'x')),
                  .to = to,
                  .cookie = cookie,
                  .fragmentation = fragmentation});
  }

  std::string error;
  std::vector<Packet> received;
  std::map<std::uint64_t, WallTime> transmitted;
  std::vector<Failed> failed;
  int kernel_times = 0;
  std::optional<TimestampedSocket> socket;
};

}  // namespace meshcheck::probe

// For the tests of the mesh: reports made by hand, and a clock that the test moves.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "mesh/table/mesh.h"

namespace meshcheck::mesh::testing {

struct TestClock {
  void pass(std::chrono::milliseconds time) {
    now.wall += time;
    now.steady += time;
  }
  Now now{.wall = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21),
          .steady = Clock::time_point(std::chrono::hours(100))};
};

inline IpAddress address_of(std::size_t number) {
  return *IpAddress::parse("10." + std::to_string(number / 65'536) + "." +
                           std::to_string(number / 256 % 256) + "." + std::to_string(number % 256));
}

// A report of an agent that has run for a minute.
inline ProbingReport report_of(std::size_t number, Layer layer = Layer::kPod) {
  ProbingReport report;
  report.layer = layer;
  report.agent_uptime = std::chrono::minutes(1);
  report.addresses = {address_of(number)};
  report.port = 8862;
  report.ssid = static_cast<std::uint16_t>(number % 65'535 + 1);
  report.clock = "kernel";
  report.icmp = "datagram";
  return report;
}

inline ReportPath path_to(std::string name, PathState state,
                          std::chrono::milliseconds answer_age = {}) {
  ReportPath path;
  path.to = std::move(name);
  path.family = PathFamily::kIpv4;
  path.summary.state = state;
  path.summary.state_age = answer_age;
  path.summary.answer_age = answer_age;
  path.summary.sent = 60;
  path.summary.lost = state == PathState::kDown ? 10 : 0;
  if (state == PathState::kUp) {
    path.summary.round_trips =
        PathSummary::RoundTrips{std::chrono::microseconds(101), std::chrono::microseconds(150),
                                std::chrono::microseconds(900), std::chrono::microseconds(1500)};
    path.summary.jitter_forward = std::chrono::microseconds(7);
  }
  return path;
}

}  // namespace meshcheck::mesh::testing

#include "mesh/report/ping_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "mesh/report/json_fields.h"
#include "mesh/report/name.h"

namespace meshcheck::mesh {
namespace {

using simdjson::dom::element;

constexpr auto kRoundTripMaxUs = static_cast<std::uint64_t>(kPingRoundTripMax.count());

Result<void> read_round_trips(const element& value, PingResult& ping) {
  return read_each(value, "round_trips_us", kPingCountMax, [&](const element& item) {
    if (item.is_null()) {
      ping.round_trips.emplace_back();
      return Result<void>();
    }
    const auto time = read_number(item, 0, kRoundTripMaxUs);
    if (!time) return Result<void>(time.error().within("round_trips_us"));
    ping.round_trips.emplace_back(std::chrono::microseconds(*time));
    return Result<void>();
  });
}

Result<PingResult> read_ping(const element& value) {
  PingResult ping;
  if (!value.is_object()) return Error("an object is expected");
  if (auto done = read_field(value, "id", {1, kPingIdMax}, ping.id); !done) return done.error();
  if (ping.id == 0) return expected("id", "a number");
  if (auto done = read_round_trips(value, ping); !done) return done.error();
  if (auto done = read_field(value, "lost_forward", {0, kPingCountMax}, ping.lost_forward); !done) {
    return done.error();
  }
  if (auto done = read_field(value, "lost_backward", {0, kPingCountMax}, ping.lost_backward);
      !done) {
    return done.error();
  }
  const auto lost = std::count(ping.round_trips.begin(), ping.round_trips.end(), std::nullopt);
  if (ping.lost_forward + ping.lost_backward > static_cast<std::uint64_t>(lost)) {
    return Error("more is lost than was sent");
  }
  if (auto done = read_field(value, "error", kPingErrorSizeMax, ping.error); !done) {
    return done.error();
  }
  if (auto checked = check_text(ping.error, "error"); !checked) return checked.error();
  return ping;
}

}  // namespace

Result<void> read_pings(const element& mesh, std::optional<std::vector<PingResult>>& pings) {
  element value;
  if (mesh["pings"].get(value) != simdjson::SUCCESS) return {};
  pings.emplace();
  return read_each(mesh, "pings", kPingsOfAgentMax, [&](const element& item) {
    auto ping = read_ping(item);
    if (!ping) {
      return Result<void>(ping.error().within("pings[" + std::to_string(pings->size()) + "]"));
    }
    pings->push_back(*std::move(ping));
    return Result<void>();
  });
}

}  // namespace meshcheck::mesh

#include "mesh/sla/public_status.h"

#include <array>

namespace meshcheck::sla {

std::string_view text(PublicStatus status) {
  constexpr std::array<std::string_view, 4> kTexts = {"No Data", "Operational", "Degraded",
                                                      "Outage"};
  return kTexts.at(static_cast<std::size_t>(status));
}

PublicStatus public_status(const Summary& summary) {
  const bool worked = summary.timers.up + summary.timers.unknown > Milliseconds(0);
  const bool failed = summary.timers.down > Milliseconds(0);
  if (worked && failed) return PublicStatus::kDegraded;
  if (failed) return PublicStatus::kOutage;
  return worked ? PublicStatus::kOperational : PublicStatus::kNoData;
}

PublicStatus join(PublicStatus a, PublicStatus b) {
  if (a == b || b == PublicStatus::kNoData) return a;
  return a == PublicStatus::kNoData ? b : PublicStatus::kDegraded;
}

std::optional<double> public_availability(const Summary& summary) {
  const Milliseconds good = summary.timers.up + summary.timers.unknown;
  const Milliseconds all = good + summary.timers.down;
  if (all == Milliseconds(0)) return std::nullopt;
  return static_cast<double>(good.count()) / static_cast<double>(all.count());
}

}  // namespace meshcheck::sla

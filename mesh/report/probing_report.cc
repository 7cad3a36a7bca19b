#include "mesh/report/probing_report.h"

#include <algorithm>
#include <array>

namespace meshcheck::mesh {
namespace {

constexpr std::array<std::string_view, 2> kLayerNames = {"pod", "host"};
constexpr std::array<std::string_view, 4> kRelations = {"peer", "twin", "gateway", "target"};
constexpr std::array<std::string_view, 5> kProbeKinds = {"stamp", "icmp", "tcp", "udp", "dns"};
constexpr std::array<std::string_view, 3> kFamilies = {"", "ipv4", "ipv6"};
constexpr std::array<std::string_view, 3> kCrossChecks = {"", "answered", "unanswered"};
constexpr std::array<std::string_view, 4> kStages = {"", "connect", "send", "answer"};

}  // namespace

std::string_view text(Layer layer) {
  return kLayerNames[static_cast<std::size_t>(layer)];
}

std::string_view text(Relation relation) {
  return kRelations[static_cast<std::size_t>(relation)];
}

std::string_view text(ProbeKind kind) {
  return kProbeKinds[static_cast<std::size_t>(kind)];
}

std::string_view text(PathFamily family) {
  return kFamilies[static_cast<std::size_t>(family)];
}

std::string_view text(CrossCheck check) {
  return kCrossChecks[static_cast<std::size_t>(check)];
}

std::string_view text(ReportPadding::Stage stage) {
  return kStages[static_cast<std::size_t>(stage)];
}

PathFamily path_family(const IpAddress& address) {
  return address.family() == IpAddress::Family::kIpv4 ? PathFamily::kIpv4 : PathFamily::kIpv6;
}

void RttHistogram::add(std::chrono::nanoseconds round_trip) {
  const auto us =
      std::max<std::int64_t>(std::chrono::ceil<std::chrono::microseconds>(round_trip).count(), 0);
  const auto bucket = std::lower_bound(kBoundsUs.begin(), kBoundsUs.end(), us);
  ++counts[static_cast<std::size_t>(bucket - kBoundsUs.begin())];
  sum_us += static_cast<std::uint64_t>(us);
}

LargeLoss LargeLoss::of(const ProbingReport& report) {
  return {.to_server = report.padding.lost_for.has_value(),
          .from_server = report.padded_answer.lost_for.has_value()};
}

}  // namespace meshcheck::mesh

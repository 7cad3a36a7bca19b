// The file of checks: YAML as somebody has written it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lib/yaml/json.h"
#include "mesh/sla/check_list.h"

namespace {

using namespace meshcheck;

bool is_between(sla::Milliseconds time, sla::Milliseconds least, sla::Milliseconds most) {
  return time >= least && time <= most;
}

bool is_sane(const sla::CheckSpec& check) {
  return sla::is_name(check.ref.group) && sla::is_name(check.ref.probe) && !check.ref.is_total() &&
         (check.name.empty() || sla::is_name(check.name)) && check.with.is_object() &&
         is_between(check.period, sla::kPeriodMin, sla::kPeriodMax) &&
         is_between(check.timeout, sla::kTimeoutMin, sla::kTimeoutMax) &&
         is_between(check.grace, sla::Milliseconds(0), sla::kGraceMax) &&
         (!check.agents || (*check.agents >= 1 && *check.agents <= sla::kAgentsMax));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto root = yaml::parse_json(std::string(reinterpret_cast<const char*>(data), size));
  if (!root) {
    if (root.error().message().empty()) std::abort();
    return 0;
  }
  const auto checks = sla::parse_check_list(*root);
  if (!checks) {
    if (checks.error().message().empty()) std::abort();
    return 0;
  }
  if (checks->size() > sla::kChecksMax) std::abort();
  for (const sla::CheckSpec& check : *checks) {
    if (!is_sane(check)) std::abort();
  }
  return 0;
}

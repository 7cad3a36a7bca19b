// Downtimes: a foreign JSON object, from a request or Kubernetes, and the dates in it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "mesh/sla/downtime_item.h"

namespace {

using namespace meshcheck;

void check_date(std::string_view text) {
  const auto date = sla::parse_date(text);
  if (!date) return;
  const auto again = sla::parse_date(std::to_string(date->time_since_epoch().count()));
  if (!again || *again != *date) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_date(text);
  const auto downtime =
      sla::parse_downtime_item(nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false));
  if (!downtime) return 0;
  if (downtime->description.size() > sla::kDescriptionSizeMax) std::abort();
  if (downtime->affected.size() > sla::kAffectedMax) std::abort();
  // As the API tells it.
  const std::string told = sla::to_json(*downtime).dump();
  const auto again =
      sla::parse_downtime_item(nlohmann::json::parse(told, nullptr, /*allow_exceptions=*/false));
  if (!again || *again != *downtime) std::abort();
  return 0;
}

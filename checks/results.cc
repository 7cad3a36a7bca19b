#include "checks/results.h"

#include "lib/base/time.h"

namespace meshcheck::checks {
namespace {

std::string bounded(std::string_view reason) {
  if (reason.size() <= kReasonSizeMax) return std::string(reason);
  std::string_view text = reason.substr(0, kReasonSizeMax);
  // A character of several bytes is kept or left out as a whole.
  while (!text.empty() && (static_cast<unsigned char>(reason[text.size()]) & 0xC0U) == 0x80U) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

}  // namespace

CheckResult up() {
  return {sla::Status::kUp, ""};
}

CheckResult down(std::string_view reason) {
  return {sla::Status::kDown, bounded(reason)};
}

CheckResult unknown(std::string_view reason) {
  return {sla::Status::kUnknown, bounded(reason)};
}

std::optional<std::chrono::sys_seconds> time_at(const nlohmann::json& object, const char* pointer) {
  const auto time = parse_wall_time(text_at(object, pointer));
  if (!time) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(*time);
}

std::string condition_of(const nlohmann::json& object, std::string_view type) {
  const auto* const conditions = value_at(object, "/status/conditions");
  if (conditions == nullptr || !conditions->is_array()) return "";
  for (const nlohmann::json& condition : *conditions) {
    if (text_at(condition, "/type") == type) return text_at(condition, "/status");
  }
  return "";
}

bool is_ready(const nlohmann::json& object) {
  return condition_of(object, "Ready") == "True";
}

bool is_terminating(const nlohmann::json& object) {
  return value_at(object, "/metadata/deletionTimestamp") != nullptr;
}

}  // namespace meshcheck::checks

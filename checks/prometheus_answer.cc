#include "checks/prometheus_answer.h"

#include <nlohmann/json.hpp>

#include "checks/results.h"

namespace meshcheck::checks {

Result<std::string> first_value(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (text_at(json, "/status") != "success") return Error("Prometheus answers what is no success");
  const auto* const results = value_at(json, "/data/result");
  if (results == nullptr || !results->is_array()) return Error("Prometheus answers no list");
  if (results->empty()) return Error("Prometheus has no result");
  std::string value = text_at(results->front(), "/value/1");
  if (value.empty()) return Error("Prometheus answers no value");
  return value;
}

}  // namespace meshcheck::checks

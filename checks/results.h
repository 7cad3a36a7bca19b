// How the checks of the Kubernetes API read its objects and word their results.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "checks/check.h"
#include "lib/kube/object_values.h"

namespace meshcheck::checks {

inline constexpr std::size_t kReasonSizeMax = 300;  // Bytes; the rest is cut off.

CheckResult up();
CheckResult down(std::string_view reason);
CheckResult unknown(std::string_view reason);

using kube::text_at;
using kube::value_at;

// A time of Kubernetes, in whole seconds. Nothing if the value is no time.
std::optional<std::chrono::sys_seconds> time_at(const nlohmann::json& object, const char* pointer);

// The status of one of an object's conditions: "True", "False", "Unknown", or empty.
std::string condition_of(const nlohmann::json& object, std::string_view type);
bool is_ready(const nlohmann::json& object);
bool is_terminating(const nlohmann::json& object);

}  // namespace meshcheck::checks

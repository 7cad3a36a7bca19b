// Reads single values of an object of the Kubernetes API, as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace meshcheck::kube {

// The value at a pointer such as "/spec/nodeName" (RFC 6901); null if there is none.
inline const nlohmann::json* value_at(const nlohmann::json& object, const char* pointer) {
  const nlohmann::json::json_pointer path(pointer);
  return object.contains(path) ? &object.at(path) : nullptr;
}

// Empty if there is no text.
inline std::string text_at(const nlohmann::json& object, const char* pointer) {
  const auto* const value = value_at(object, pointer);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

}  // namespace meshcheck::kube

#include "lib/checks/kube_with.h"

#include <algorithm>

namespace meshcheck::checks {
namespace {

constexpr std::size_t kNameSizeMax = 253;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameSizeMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

bool is_text(const nlohmann::json& value) {
  return value.is_string() && !value.get_ref<const std::string&>().empty() &&
         value.get_ref<const std::string&>().size() <= KubeWith::kTextSizeMax;
}

}  // namespace

KubeWith::KubeWith(const nlohmann::json& with) : with_(with) {
  if (!with.is_object()) error_ = Error("with: an object is expected");
}

const nlohmann::json* KubeWith::find(const char* key) {
  known_.insert(key);
  const auto found = with_.find(key);
  return found == with_.end() ? nullptr : &*found;
}

void KubeWith::fail(const char* key, const std::string& what) {
  if (!error_) error_ = Error(what).within("with." + std::string(key));
}

std::string KubeWith::text(const char* key, const std::string& otherwise) {
  const auto* const value = find(key);
  if (value == nullptr) return otherwise;
  if (is_text(*value)) return value->get<std::string>();
  fail(key, "a text of 1 to " + std::to_string(kTextSizeMax) + " bytes is expected");
  return otherwise;
}

std::string KubeWith::required_text(const char* key) {
  if (find(key) == nullptr) fail(key, "missing");
  return text(key, "");
}

std::string KubeWith::name(const char* key, const std::string& otherwise) {
  std::string found = text(key, otherwise);
  if (!is_name(found)) {
    fail(key, found.empty() ? "missing"
                            : "a name of lower-case letters, digits, '-' and '.' is "
                              "expected");
  }
  return found;
}

std::vector<std::string> KubeWith::texts(const char* key) {
  const auto* const value = find(key);
  std::vector<std::string> found;
  if (value == nullptr || !value->is_array() || value->empty() || value->size() > kTextsMax ||
      !std::all_of(value->begin(), value->end(), is_text)) {
    fail(key, "a list of 1 to " + std::to_string(kTextsMax) + " texts is expected");
    return found;
  }
  for (const nlohmann::json& item : *value) found.push_back(item.get<std::string>());
  return found;
}

bool KubeWith::flag(const char* key, bool otherwise) {
  const auto* const value = find(key);
  if (value == nullptr) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  fail(key, "true or false is expected");
  return otherwise;
}

std::int64_t KubeWith::number(const char* key, std::int64_t otherwise, std::int64_t max) {
  const auto* const value = find(key);
  if (value == nullptr) return otherwise;
  if (value->is_number_integer() && *value >= 1 && *value <= max) return value->get<std::int64_t>();
  fail(key, "a whole number from 1 to " + std::to_string(max) + " is expected");
  return otherwise;
}

Result<void> KubeWith::end() const {
  if (error_) return *error_;
  for (const auto& [key, value] : with_.items()) {
    if (!known_.contains(key)) return Error("unknown key").within("with." + key);
  }
  return {};
}

}  // namespace meshcheck::checks

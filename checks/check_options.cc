#include "checks/check_options.h"

#include <algorithm>
#include <utility>

namespace meshcheck::checks {
namespace {

using nlohmann::json;

bool is_text(const json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty() || text.size() > CheckOptions::kTextSizeMax) return false;
  return text.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos;
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= CheckOptions::kNameSizeMax &&
         std::ranges::all_of(text, fits);
}

}  // namespace

CheckOptions::CheckOptions(const json& with) : with_(with) {
  if (!with.is_object()) error_ = Error("with: an object is wanted");
}

const json* CheckOptions::find(const char* key) {
  known_.insert(key);
  const auto found = with_.find(key);
  return found == with_.end() ? nullptr : &*found;
}

void CheckOptions::fail(const char* key, const std::string& what) {
  if (!error_) error_ = Error(what).within(std::string("with.") + key);
}

std::string CheckOptions::text(const char* key) {
  const json* const value = find(key);
  if (value != nullptr && is_text(*value)) return value->get<std::string>();
  fail(key, "a text of one line is wanted");
  return {};
}

std::string CheckOptions::text_or(const char* key, std::string absent) {
  if (find(key) == nullptr) return absent;
  return text(key);
}

std::string CheckOptions::name(const char* key) {
  return checked_name(key, text(key));
}

std::string CheckOptions::name_or(const char* key, std::string absent) {
  return checked_name(key, text_or(key, std::move(absent)));
}

std::string CheckOptions::checked_name(const char* key, std::string name) {
  if (!is_name(name)) fail(key, "a name of lower-case letters, digits, '-' and '.' is wanted");
  return name;
}

std::vector<std::string> CheckOptions::texts(const char* key) {
  const json* const value = find(key);
  std::vector<std::string> texts;
  bool good = value != nullptr && value->is_array() && !value->empty() && value->size() <= kListMax;
  for (std::size_t i = 0; good && i < value->size(); ++i) {
    good = is_text((*value)[i]);
    if (good) texts.push_back((*value)[i].get<std::string>());
  }
  if (!good) fail(key, "a list of texts is wanted, 1 to 64");
  return texts;
}

bool CheckOptions::flag_or(const char* key, bool absent) {
  const json* const value = find(key);
  if (value == nullptr) return absent;
  if (value->is_boolean()) return value->get<bool>();
  fail(key, "true or false is wanted");
  return absent;
}

std::int64_t CheckOptions::number_or(const char* key, std::int64_t absent, std::int64_t least,
                                     std::int64_t most) {
  const json* const value = find(key);
  if (value == nullptr) return absent;
  const std::int64_t number = value->is_number_integer() ? value->get<std::int64_t>() : least - 1;
  if (number >= least && number <= most) return number;
  fail(key,
       "a number from " + std::to_string(least) + " to " + std::to_string(most) + " is wanted");
  return absent;
}

std::chrono::milliseconds CheckOptions::duration_or(const char* key,
                                                    std::chrono::milliseconds absent,
                                                    DurationRange range) {
  const json* const value = find(key);
  if (value == nullptr) return absent;
  const auto duration =
      parse_duration(value->is_string() ? value->get_ref<const std::string&>() : "", range);
  if (duration) return *duration;
  fail(key, duration.error().message());
  return absent;
}

std::size_t CheckOptions::choice(const char* key, std::initializer_list<std::string_view> choices) {
  const json* const value = find(key);
  if (value == nullptr) return 0;
  std::string wanted;
  std::size_t index = 0;
  for (const std::string_view choice : choices) {
    if (*value == choice) return index;
    wanted += (index++ == 0 ? "" : " or ") + std::string(choice);
  }
  fail(key, wanted + " is wanted");
  return 0;
}

Result<void> CheckOptions::finish() {
  if (error_) return *error_;
  for (const auto& item : with_.items()) {
    if (!known_.contains(item.key())) return Error("unknown key").within("with." + item.key());
  }
  return {};
}

}  // namespace meshcheck::checks

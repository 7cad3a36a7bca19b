#include "meshctl/json.h"

namespace meshcheck::meshctl {

Result<Json> parse_json(std::string_view text) {
  Json parsed = Json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return Error("this is no JSON");
  return parsed;
}

Result<Json> parse_rows(std::string_view text, const std::function<bool(const Json& row)>& keep) {
  constexpr int kRowDepth = 2;
  Json parsed = Json::parse(
      text,
      [&](int depth, Json::parse_event_t event, Json& value) {
        return depth != kRowDepth || event != Json::parse_event_t::object_end || keep(value);
      },
      false);
  if (parsed.is_discarded()) return Error("this is no JSON");
  return parsed;
}

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

const Json& member_at(const Json& object, std::string_view key) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(std::string(key));
  return found == object.end() ? none : *found;
}

std::string text_at(const Json& object, std::string_view key) {
  const Json& member = member_at(object, key);
  return member.is_string() ? member.get<std::string>() : "";
}

double number_at(const Json& object, std::string_view key) {
  const Json& member = member_at(object, key);
  return member.is_number() ? member.get<double>() : 0;
}

std::int64_t integer_at(const Json& object, std::string_view key) {
  const Json& member = member_at(object, key);
  return member.is_number_integer() ? member.get<std::int64_t>() : 0;
}

std::vector<std::string> texts_at(const Json& object, std::string_view key) {
  std::vector<std::string> texts;
  const Json& member = member_at(object, key);
  if (!member.is_array()) return texts;
  for (const Json& item : member) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace meshcheck::meshctl

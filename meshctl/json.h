// The server's answers as JSON whose keys keep their order, and safe ways to read them.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::meshctl {

using Json = nlohmann::ordered_json;

// An error says that it is no JSON; it names no place.
Result<Json> parse_json(std::string_view text);
// The same, but of an answer with long lists only the rows are kept that `keep` wants: the objects
// in the arrays that are members of the root. So an answer of 200 MB needs no tree of gigabytes.
Result<Json> parse_rows(std::string_view text, const std::function<bool(const Json& row)>& keep);
// Indented by two, with a newline behind.
std::string json_text(const Json& json);

// Of a member of an object. A missing member or one of another type reads as the empty value: a
// newer server may send more, and an older one less.
std::string text_at(const Json& object, std::string_view key);
double number_at(const Json& object, std::string_view key);
std::int64_t integer_at(const Json& object, std::string_view key);
const Json& member_at(const Json& object, std::string_view key);
std::vector<std::string> texts_at(const Json& object, std::string_view key);

}  // namespace meshcheck::meshctl

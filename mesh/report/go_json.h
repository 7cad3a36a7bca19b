// JSON as Go's encoding/json reads it for netchecker's server: its types, and its words for errors.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace meshcheck::mesh::go_json {

// Where a value stands, for the error: Go's type of the structure, and the name of its field.
struct Place {
  std::string_view structure;
  std::string_view key;
};

// "string", or "number 5.5", as Go calls a JSON value that does not fit.
std::string described(const simdjson::dom::element& value);
Error mismatch(const simdjson::dom::element& value, const Place& place, std::string_view go_type);

// Each of these leaves `target` alone on null, as Go does.
Result<void> read(const simdjson::dom::element& value, const Place& place, std::int64_t& target);
Result<void> read(const simdjson::dom::element& value, const Place& place, std::uint64_t& target);
Result<void> read(const simdjson::dom::element& value, const Place& place, std::string& target);
// A time.Time, as Go prints it.
Result<void> read_time(const simdjson::dom::element& value, const Place& place,
                       std::string& target);
// A map[string][]string, as JSON that Go prints: sorted by key, the last of equal keys. Here null
// makes `target` "null".
Result<void> read_map(const simdjson::dom::element& value, const Place& place, std::string& target);

// The syntax error in Go's words for common cases; `reason` for others.
std::string explain_syntax(std::string_view body, std::string_view reason);

}  // namespace meshcheck::mesh::go_json

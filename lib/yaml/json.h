// A YAML document as JSON, for files that are more than flags.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/result.h"
#include "lib/yaml/node.h"

namespace meshcheck::yaml {

// Plain scalars become null, booleans and numbers where YAML's core schema says so, and texts
// otherwise; quoted ones are texts.
nlohmann::json to_json(const Node& node);
// As parse() and read() in node.h.
Result<nlohmann::json> parse_json(const std::string& text, Bounds bounds = {});
Result<nlohmann::json> read_json(const std::string& path, Bounds bounds = {});

}  // namespace meshcheck::yaml

// JSON as YAML in block style, for people and for what reads YAML.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace meshcheck::yaml {

// The same tree. A text that some reader of YAML could take for something else, be it a number, a
// time or YAML 1.1's `yes`, is quoted.
std::string text_of(const nlohmann::ordered_json& tree);

}  // namespace meshcheck::yaml

// JSON as YAML in block style, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace meshcheck::yaml {

// The same tree. Quotes a text that a reader of YAML could take for a number, a time or YAML 1.1's
// `yes`.
std::string text_of(const nlohmann::ordered_json& tree);

}  // namespace meshcheck::yaml

// A whole YAML document as JSON, for files that are more than flags.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/result.h"

namespace meshcheck::flags {

inline constexpr std::size_t kYamlSizeMax = std::size_t{1} << 20U;  // Octets.
inline constexpr std::size_t kYamlDepthMax = 32;
inline constexpr std::size_t kYamlNodesMax = 100'000;

// Plain scalars become null, booleans and numbers where YAML's core schema says so, and texts
// otherwise; quoted ones are texts. JSON is YAML, too. Refused: aliases, since a few lines of them
// unfold into gigabytes, keys given twice, keys that are no scalars, tags, several documents, and
// what is beyond the bounds above. An error names the line.
Result<nlohmann::json> parse_yaml_json(const std::string& text);
Result<nlohmann::json> read_yaml_json_file(const std::string& path);

}  // namespace meshcheck::flags

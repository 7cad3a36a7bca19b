// A whole YAML document as JSON, for files that are more than flags.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/result.h"

namespace meshcheck::flags {

inline constexpr std::size_t kYamlDepthMax = 32;

struct YamlBounds {
  std::size_t mebibytes_max = 1;
  std::size_t values_max = 100'000;
};

// Plain scalars become null, booleans and numbers where YAML's core schema says so, and texts
// otherwise; quoted ones are texts. JSON is YAML, too. Refused: aliases, since a few lines of them
// unfold into gigabytes, keys given twice, keys that are no scalars, tags, several documents, and
// what is beyond the bounds above. An error names the line.
Result<nlohmann::json> parse_yaml_json(const std::string& text, YamlBounds bounds = {});
Result<nlohmann::json> read_yaml_json_file(const std::string& path, YamlBounds bounds = {});

}  // namespace meshcheck::flags

// A flat YAML file as keys and texts.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::flags {

struct YamlEntry {
  std::string key;
  std::string value;
};

// One mapping of scalars and of lists of scalars, in the file's order; a list is joined with
// commas. Duplicate keys, deeper nesting and files over 1 MiB are errors: "KEY: what".
Result<std::vector<YamlEntry>> read_yaml_file(const std::string& path);
Result<std::vector<YamlEntry>> parse_yaml(const std::string& text);

}  // namespace meshcheck::flags

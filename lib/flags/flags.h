// Command-line flags as Go's flag package reads them, and a YAML file with the same names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::flags {

struct IntegerRange {
  std::int64_t min;
  std::int64_t max;
};
struct NumberRange {
  double min;
  double max;
};

// The flags of one program. `-x v`, `-x=v`, `--x v` and `--x=v` are equal; a boolean is `-x` or
// `-x=false`, never `-x false`. The last of several wins. Every program also has -help, -version
// and -config FILE: YAML whose keys are flag names without the dash; a list becomes one
// comma-joined value, and the command line wins over the file. doc/operate/agent.md shows one.
class Flags {
 public:
  // Why the program should end now: help and version (code 0, text for stdout) or bad usage (code
  // 2, text for stderr that names the flag and the fix). `text` ends with a newline.
  struct Exit {
    int code = 0;
    std::string text;
  };

  Flags(std::string program, std::string description);

  // Each binds a variable that holds its default already (-help shows it) and outlives parse().
  // Names are written without a dash.
  void add(std::string_view name, std::string& value, std::string_view help);
  void add(std::string_view name, bool& value, std::string_view help);
  void add(std::string_view name, std::int64_t& value, IntegerRange range, std::string_view help);
  void add(std::string_view name, double& value, NumberRange range, std::string_view help);
  // One of `choices`.
  void add(std::string_view name, std::string& value, std::vector<std::string> choices,
           std::string_view help);
  // Accepted for compatibility and without effect; used_ignored() lists those that were given.
  void add_ignored(std::string_view name, bool takes_value, std::string_view help);

  // Once, with the arguments after the program's name. Nothing: go on.
  std::optional<Exit> parse(std::span<const std::string> arguments);
  std::optional<Exit> parse(int argc, const char* const* argv);

  const std::vector<std::string>& used_ignored() const { return used_ignored_; }

 private:
  struct Text {
    std::string* value;
    std::vector<std::string> choices;
  };
  struct Integer {
    std::int64_t* value;
    IntegerRange range;
  };
  struct Number {
    double* value;
    NumberRange range;
  };
  struct Ignored {
    bool takes_value;
  };
  struct Flag {
    std::string name;
    std::string help;
    std::variant<Text, bool*, Integer, Number, Ignored> target;
  };
  // A flag as it was given, whatever its spelling.
  struct Setting {
    const Flag* flag;
    std::string value;
  };
  using Settings = std::vector<Setting>;

  static bool is_boolean(const Flag& flag);
  static std::string default_text(const Flag& flag);
  static std::string expectation(const Flag& flag);
  static Result<void> apply(const Setting& setting);

  void add_flag(Flag flag);
  const Flag* find(std::string_view name) const;
  std::string suggestion(std::string_view name) const;
  // Undoes Go's spelling; -help, -version and bad usage end it.
  std::optional<Exit> read_arguments(std::span<const std::string> arguments, Settings& settings);
  Result<void> apply_file(const std::string& path) const;
  Exit bad_usage(const std::string& what) const;
  std::string help() const;

  std::string program_;
  std::string description_;
  std::string config_path_;
  std::vector<Flag> flags_;
  std::vector<std::string> used_ignored_;
};

}  // namespace meshcheck::flags

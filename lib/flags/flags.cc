#include "lib/flags/flags.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "lib/yaml/node.h"

namespace meshcheck::flags {
namespace {

// The overload set for std::visit.
template <typename... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overload(Functions...) -> Overload<Functions...>;

std::string number_text(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

// Levenshtein's, with one row.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

// What strconv.ParseBool takes.
std::optional<bool> parse_boolean(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

// As strconv.ParseInt reads it: with a sign, and also in other bases, as 0x10.
std::optional<std::int64_t> parse_integer(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const std::int64_t number = std::strtoll(text.c_str(), &end, 0);
  if (text.empty() || end != text.c_str() + text.size() || errno == ERANGE) return std::nullopt;
  return number;
}

std::optional<double> parse_number(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) return std::nullopt;
  return number;
}

// Sets `value` if the text is one of the range, which no NaN is.
template <typename Number, typename Range>
bool take(std::optional<Number> number, Range range, Number& value) {
  if (!number || !(*number >= range.min && *number <= range.max)) return false;
  value = *number;
  return true;
}

// A list is joined with commas.
Result<std::string> value_of(const yaml::Node& node) {
  if (node.is_text()) return node.text;
  if (node.is_null()) return Error("a value is missing");
  if (!node.is_list()) return Error("a plain value or a list is expected");
  std::vector<std::string> texts;
  for (const yaml::Node& item : node.items) {
    if (!item.is_text()) return Error("the list may hold plain values only");
    texts.push_back(item.text);
  }
  return join(texts, ",");
}

}  // namespace

Flags::Flags(std::string program, std::string description)
    : program_(std::move(program)), description_(std::move(description)) {
  add("config", config_path_, "YAML file with flags as keys, without the dash");
}

void Flags::add(std::string_view name, std::string& value, std::string_view help) {
  add_flag({std::string(name), std::string(help), Text{&value, {}}});
}

void Flags::add(std::string_view name, bool& value, std::string_view help) {
  add_flag({std::string(name), std::string(help), &value});
}

void Flags::add(std::string_view name, std::int64_t& value, IntegerRange range,
                std::string_view help) {
  add_flag({std::string(name), std::string(help), Integer{&value, range}});
}

void Flags::add(std::string_view name, double& value, NumberRange range, std::string_view help) {
  add_flag({std::string(name), std::string(help), Number{&value, range}});
}

void Flags::add(std::string_view name, std::string& value, std::vector<std::string> choices,
                std::string_view help) {
  add_flag({std::string(name), std::string(help), Text{&value, std::move(choices)}});
}

void Flags::add_ignored(std::string_view name, bool takes_value, std::string_view help) {
  add_flag({std::string(name), std::string(help), Ignored{takes_value}});
}

void Flags::add_flag(Flag flag) {
  assert(find(flag.name) == nullptr && "two flags of one name");
  flags_.push_back(std::move(flag));
}

std::optional<Flags::Exit> Flags::parse(int argc, const char* const* argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  return parse(arguments);
}

std::optional<Flags::Exit> Flags::parse(std::span<const std::string> arguments) {
  Settings settings;
  if (auto exit = read_arguments(arguments, settings)) return exit;
  // The file first, so that the command line wins; but the command line names the file.
  for (const Setting& setting : settings) {
    if (setting.flag->name == "config") config_path_ = setting.value;
  }
  if (!config_path_.empty()) {
    if (const auto applied = apply_file(config_path_); !applied) {
      return Exit{2, program_ + ": " + applied.error().message() + "\n"};
    }
  }
  for (const Setting& setting : settings) {
    if (std::holds_alternative<Ignored>(setting.flag->target)) {
      used_ignored_.push_back(setting.flag->name);
    }
    if (const auto applied = apply(setting); !applied) {
      return bad_usage(applied.error().within("-" + setting.flag->name).message());
    }
  }
  return std::nullopt;
}

std::optional<Flags::Exit> Flags::read_arguments(std::span<const std::string> arguments,
                                                 Settings& settings) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-' || argument == "--") {
      std::string what = "unexpected argument " + in_quotes(argument);
      if (!settings.empty() && is_boolean(*settings.back().flag)) {
        what += "; write -" + settings.back().flag->name + "=" + std::string(argument);
      }
      return bad_usage(what);
    }
    argument.remove_prefix(argument[1] == '-' ? 2 : 1);
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    if (name == "help" || name == "h") return Exit{0, help()};
    if (name == "version") return Exit{0, program_ + " " + MESHCHECK_VERSION + "\n"};
    const Flag* const flag = find(name);
    if (flag == nullptr) {
      return bad_usage("unknown flag -" + std::string(name) + suggestion(name));
    }
    if (equals != std::string_view::npos) {
      settings.push_back({flag, std::string(argument.substr(equals + 1))});
    } else if (is_boolean(*flag)) {
      settings.push_back({flag, "true"});
    } else if (i + 1 < arguments.size()) {
      settings.push_back({flag, arguments[++i]});
    } else {
      return bad_usage("-" + flag->name + ": a value is missing, " + expectation(*flag));
    }
  }
  return std::nullopt;
}

Result<void> Flags::apply_file(const std::string& path) const {
  const auto root = yaml::read(path);
  if (!root) return root.error().within(path);
  if (!root->is_map() && !root->is_null()) {
    return Error("a mapping of flag names to values is expected").within(path);
  }
  for (const yaml::Entry& entry : root->entries) {
    const Flag* const flag = entry.key == "config" ? nullptr : find(entry.key);
    if (flag == nullptr) {
      return Error("unknown key" + suggestion(entry.key)).within(entry.key).within(path);
    }
    const auto value = value_of(entry.value);
    if (!value) return value.error().within(entry.key).within(path);
    if (const auto applied = apply({flag, *value}); !applied) {
      return applied.error().within(entry.key).within(path);
    }
  }
  return {};
}

Result<void> Flags::apply(const Setting& setting) {
  const std::string& given = setting.value;
  const bool taken = std::visit(
      Overload{[&](const Text& text) {
                 const auto& choices = text.choices;
                 if (!choices.empty() && std::ranges::find(choices, given) == choices.end()) {
                   return false;
                 }
                 *text.value = given;
                 return true;
               },
               [&](bool* value) {
                 const auto boolean = parse_boolean(given);
                 if (boolean) *value = *boolean;
                 return boolean.has_value();
               },
               [&](const Integer& integer) {
                 return take(parse_integer(given), integer.range, *integer.value);
               },
               [&](const Number& number) {
                 return take(parse_number(given), number.range, *number.value);
               },
               [&](const Ignored& ignored) {
                 return ignored.takes_value || parse_boolean(given).has_value();
               }},
      setting.flag->target);
  if (!taken) return Error(in_quotes(given) + " is not " + expectation(*setting.flag));
  return {};
}

bool Flags::is_boolean(const Flag& flag) {
  const auto* const ignored = std::get_if<Ignored>(&flag.target);
  return ignored != nullptr ? !ignored->takes_value : std::holds_alternative<bool*>(flag.target);
}

std::string Flags::expectation(const Flag& flag) {
  return std::visit(Overload{[](const Text& text) {
                               return text.choices.empty() ? "a text"
                                                           : "one of " + join(text.choices, ", ");
                             },
                             [](const bool*) -> std::string { return "true or false"; },
                             [](const Integer& integer) {
                               return "a whole number from " + std::to_string(integer.range.min) +
                                      " to " + std::to_string(integer.range.max);
                             },
                             [](const Number& number) {
                               return "a number from " + number_text(number.range.min) + " to " +
                                      number_text(number.range.max);
                             },
                             [](const Ignored& ignored) -> std::string {
                               return ignored.takes_value ? "a text" : "true or false";
                             }},
                    flag.target);
}

std::string Flags::default_text(const Flag& flag) {
  return std::visit(
      Overload{[](const Text& text) { return text.value->empty() ? "" : in_quotes(*text.value); },
               [](const bool* value) -> std::string { return *value ? "true" : "false"; },
               [](const Integer& integer) { return std::to_string(*integer.value); },
               [](const Number& number) { return number_text(*number.value); },
               [](const Ignored&) { return std::string(); }},
      flag.target);
}

const Flags::Flag* Flags::find(std::string_view name) const {
  const auto found = std::find_if(flags_.begin(), flags_.end(),
                                  [&](const Flag& flag) { return flag.name == name; });
  return found == flags_.end() ? nullptr : &*found;
}

std::string Flags::suggestion(std::string_view name) const {
  std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::string nearest;
  for (const Flag& flag : flags_) {
    const std::size_t distance = edit_distance(name, flag.name);
    if (distance < std::min(least, name.size())) {
      least = distance;
      nearest = flag.name;
    }
  }
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

Flags::Exit Flags::bad_usage(const std::string& what) const {
  return {2, program_ + ": " + what + "\nSee " + program_ + " -help.\n"};
}

std::string Flags::help() const {
  std::string text = "Usage: " + program_ + " [flags]\n\n" + description_ + "\n\nFlags:\n";
  for (const Flag& flag : flags_) {
    text += "  -" + flag.name + (is_boolean(flag) ? "" : " VALUE") + "\n        " + flag.help;
    const bool bounded =
        std::holds_alternative<Integer>(flag.target) ||
        std::holds_alternative<Number>(flag.target) ||
        (std::holds_alternative<Text>(flag.target) && !std::get<Text>(flag.target).choices.empty());
    if (bounded) text += ": " + expectation(flag);
    const std::string standard = default_text(flag);
    if (!standard.empty()) text += " (default " + standard + ")";
    text += "\n";
  }
  return text + "  -help\n        this text\n  -version\n        the version\n";
}

}  // namespace meshcheck::flags

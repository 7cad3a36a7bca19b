// One line to stderr per event: a message and fields, as logfmt or as JSON.
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace meshcheck {

class LogSink;

// One key and its value. Keys are our own words; values may be foreign bytes and are escaped.
struct Field {
  Field(std::string_view field_key, std::string_view text)
      : key(field_key), value(text), quoted(true) {}
  Field(std::string_view field_key, const std::string& text)
      : Field(field_key, std::string_view(text)) {}
  Field(std::string_view field_key, const char* text) : Field(field_key, std::string_view(text)) {}
  Field(std::string_view field_key, bool flag) : key(field_key), value(flag ? "true" : "false") {}
  template <typename Number>
  requires(std::integral<Number> || std::floating_point<Number>)
      Field(std::string_view field_key, Number number)
      : key(field_key), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
  bool quoted = false;
};

// A small value that is handed to constructors and copied freely; any thread may use its copy,
// since a line is one write(2). Secrets do not go into fields.
class Log {
 public:
  // Error: a person must act. Warning: we coped. Info: state changed. Debug: per message.
  enum class Level { kError, kWarning, kInfo, kDebug };
  enum class Format { kLogfmt, kJson };
  struct Options {
    Level level = Level::kInfo;
    Format format = Format::kLogfmt;
    int descriptor = 2;
    // Takes lines instead of `descriptor`, where a slow reader would block the program.
    LogSink* sink = nullptr;
  };
  using Fields = std::initializer_list<Field>;

  Log() = default;
  explicit Log(Options options) : options_(options) {}

  void error(std::string_view event, Fields fields = {}) const {
    write(Level::kError, event, fields);
  }
  void warning(std::string_view event, Fields fields = {}) const {
    write(Level::kWarning, event, fields);
  }
  void info(std::string_view event, Fields fields = {}) const {
    write(Level::kInfo, event, fields);
  }
  void debug(std::string_view event, Fields fields = {}) const {
    write(Level::kDebug, event, fields);
  }
  // To be asked before building costly fields.
  bool enabled(Level level) const { return level <= options_.level; }
  Format format() const { return options_.format; }
  // The same, but that `sink`, which outlives it, takes the lines.
  Log through(LogSink& sink) const {
    Options options = options_;
    options.sink = &sink;
    return Log(options);
  }

  // netchecker's glog numbers: -v 5 is debug, less is info, negative is warning.
  static Level level_of_verbosity(int verbosity);

 private:
  void write(Level level, std::string_view event, Fields fields) const;

  Options options_;
};

// The line without the newline; `time` first. For tests and for Log itself.
std::string format_log_line(Log::Format format, Log::Level level, std::string_view time,
                            std::string_view event, Log::Fields fields);

}  // namespace meshcheck

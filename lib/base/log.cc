#include "lib/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "lib/base/text.h"
#include "lib/base/time.h"

namespace meshcheck {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"error", "warning", "info", "debug"};

bool needs_quotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
           return c <= ' ' || c == '"' || c == '=' || c == '\\' ||
                  static_cast<unsigned char>(c) >= 0x7F;
         });
}

void append_logfmt(std::string& line, std::string_view key, std::string_view value) {
  line += ' ';
  line += key;
  line += '=';
  if (needs_quotes(value)) {
    append_json_string(line, value);
  } else {
    line += value;
  }
}

}  // namespace

std::string format_log_line(Log::Format format, Log::Level level, std::string_view time,
                            std::string_view event, Log::Fields fields) {
  const std::string_view level_name = kLevelNames[static_cast<std::size_t>(level)];
  std::string line;
  if (format == Log::Format::kLogfmt) {
    line = "time=" + std::string(time);
    append_logfmt(line, "level", level_name);
    append_logfmt(line, "event", event);
    for (const Field& field : fields) append_logfmt(line, field.key, field.value);
    return line;
  }
  line = R"({"time":")" + std::string(time) + R"(","level":")" + std::string(level_name) +
         R"(","event":)";
  append_json_string(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    if (field.quoted) {
      append_json_string(line, field.value);
    } else {
      line += field.value;
    }
  }
  return line + "}";
}

void Log::write(Level level, std::string_view event, Fields fields) const {
  if (!enabled(level)) return;
  std::string line =
      format_log_line(options_.format, level, format_rfc3339(WallClock::now()), event, fields);
  line += '\n';
  // A log that cannot be written is not worth dying for.
  [[maybe_unused]] const ssize_t written = ::write(options_.descriptor, line.data(), line.size());
}

Log::Level Log::level_of_verbosity(int verbosity) {
  if (verbosity >= 5) return Level::kDebug;
  return verbosity < 0 ? Level::kWarning : Level::kInfo;
}

}  // namespace meshcheck

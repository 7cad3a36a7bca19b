#include "lib/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "lib/base/log_sink.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

namespace meshcheck {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"error", "warning", "info", "debug"};

// What a terminal obeys or what turns the order of the text beside it round, at the front of
// `text`, which is UTF-8; 0 if there is none. Names come from the network.
char32_t steering_character(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (byte(0) == 0x7F) return 0x7F;
  if (byte(0) == 0xC2 && byte(1) < 0xA0) return byte(1);  // C1
  if (byte(0) == 0xD8 && byte(1) == 0x9C) return 0x61C;
  if (byte(0) != 0xE2 || (byte(1) != 0x80 && byte(1) != 0x81)) return 0;
  const char32_t character = 0x2000 + ((byte(1) & 0x3FU) << 6U) + (byte(2) & 0x3FU);
  return turns_direction(character) ? character : 0;
}

void append_escaped(std::string& line, char32_t character) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  line += "\\u";
  for (unsigned shift = 16; shift != 0;) {
    shift -= 4;
    line += kHexDigits[(character >> shift) & 0xFU];
  }
}

void append_string(std::string& line, std::string_view text) {
  std::string json;
  append_json_string(json, text);
  for (std::size_t at = 0; at < json.size();) {
    const char32_t steering = steering_character(std::string_view(json).substr(at));
    if (steering == 0) {
      line += json[at++];
      continue;
    }
    append_escaped(line, steering);
    at += steering < 0x80 ? 1 : steering < 0x800 ? 2 : 3;
  }
}

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
    append_string(line, value);
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
      append_string(line, field.value);
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
  if (options_.sink != nullptr) {
    options_.sink->write(line);
    return;
  }
  // A log that cannot be written is not worth dying for.
  [[maybe_unused]] const ssize_t written = ::write(options_.descriptor, line.data(), line.size());
}

Log::Level Log::level_of_verbosity(int verbosity) {
  if (verbosity >= 5) return Level::kDebug;
  return verbosity < 0 ? Level::kWarning : Level::kInfo;
}

}  // namespace meshcheck

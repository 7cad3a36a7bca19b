#include "lib/metrics/text_writer.h"

#include <array>
#include <charconv>

namespace meshcheck::metrics {
namespace {

void append_label_value(std::string& text, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '\\':
        text += "\\\\";
        break;
      case '"':
        text += "\\\"";
        break;
      case '\n':
        text += "\\n";
        break;
      default:
        text += c;
    }
  }
}

}  // namespace

void TextWriter::family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  text_ += "# HELP ";
  text_ += name;
  text_ += ' ';
  text_ += help;
  text_ += "\n# TYPE ";
  text_ += name;
  text_ += type == Type::kCounter ? " counter\n" : " gauge\n";
}

void TextWriter::sample(Labels labels, double value) {
  text_ += name_;
  char separator = '{';
  for (const auto& [label, label_value] : labels) {
    text_ += separator;
    text_ += label;
    text_ += "=\"";
    append_label_value(text_, label_value);
    text_ += '"';
    separator = ',';
  }
  if (separator == ',') text_ += '}';
  text_ += ' ';
  std::array<char, 32> digits{};
  text_.append(digits.data(),
               std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  text_ += '\n';
}

std::string TextWriter::take() {
  return std::move(text_);
}

}  // namespace meshcheck::metrics

#include "lib/metrics/text_writer.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

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

void append_number(std::string& text, double value) {
  if (std::isnan(value)) {
    text += "NaN";  // With these letters.
    return;
  }
  std::array<char, 32> digits{};
  text.append(digits.data(),
              std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_label(std::string& text, std::string_view label, std::string_view value) {
  text += label;
  text += "=\"";
  append_label_value(text, value);
  text += '"';
}

std::string_view name_of(TextWriter::Type type) {
  switch (type) {
    case TextWriter::Type::kCounter:
      return "counter";
    case TextWriter::Type::kGauge:
      return "gauge";
    case TextWriter::Type::kHistogram:
      return "histogram";
  }
  return {};
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
  text_ += ' ';
  text_ += name_of(type);
  text_ += '\n';
}

void TextWriter::sample(Labels labels, double value) {
  append({}, labels, {}, value);
}

void TextWriter::histogram(Labels labels, const Histogram& histogram) {
  assert(histogram.counts.size() == histogram.bounds.size() + 1);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    count += histogram.counts[i];
    std::array<char, 32> digits{};
    std::string_view bound = "+Inf";
    if (i < histogram.bounds.size()) {
      // 0.0001 and 5e-05, as other programs write them.
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                     histogram.bounds[i], std::chars_format::general)
                           .ptr;
      bound = {digits.data(), static_cast<std::size_t>(end - digits.data())};
    }
    append("_bucket", labels, bound, static_cast<double>(count));
  }
  append("_sum", labels, {}, histogram.sum);
  append("_count", labels, {}, static_cast<double>(count));
}

void TextWriter::append(std::string_view suffix, Labels labels, std::string_view bound,
                        double value) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  for (const auto& [label, label_value] : labels) {
    text_ += separator;
    append_label(text_, label, label_value);
    separator = ',';
  }
  if (!bound.empty()) {
    text_ += separator;
    append_label(text_, "le", bound);
    separator = ',';
  }
  if (separator == ',') text_ += '}';
  text_ += ' ';
  append_number(text_, value);
  text_ += '\n';
}

std::string TextWriter::take() {
  return std::move(text_);
}

}  // namespace meshcheck::metrics

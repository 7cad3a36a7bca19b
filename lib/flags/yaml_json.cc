#include "lib/flags/yaml_json.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <vector>

#include "lib/base/file.h"

namespace meshcheck::flags {
namespace {

using nlohmann::json;

template <typename Number>
std::optional<Number> number_of(const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

json value_of(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return nullptr;
  }
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (const auto number = number_of<std::uint64_t>(text)) return *number;
  if (const auto number = number_of<std::int64_t>(text)) return *number;
  const bool numeric = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  const auto number = numeric ? number_of<double>(text) : std::nullopt;
  if (number && std::isfinite(*number)) return *number;
  return text;
}

// Builds the document while yaml-cpp reads it; after the first error it only listens.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::size_t values_max) : values_max_(values_max) {}

  const std::optional<Error>& error() const { return error_; }
  json take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(mark, "an alias; write it out");
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (is_key()) {
      fail(mark, "a key is missing");
    } else {
      static_cast<void>(add(mark, nullptr));
    }
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    if (error_) return;
    if (is_key()) {
      if (open_.back().value->contains(text)) return fail(mark, text + ": given twice");
      open_.back().key = text;
      return;
    }
    // "?" is a plain scalar's, "!" a quoted one's.
    const bool text_wanted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!text_wanted && tag != "?" && !tag.empty()) return fail(mark, "the tag " + tag);
    static_cast<void>(add(mark, text_wanted ? json(text) : value_of(text)));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    json* value = nullptr;  // Stays where it is: its parent grows no more before it is closed.
    std::optional<std::string> key;
  };

  bool is_key() const {
    return !open_.empty() && open_.back().value->is_object() && !open_.back().key;
  }
  void fail(const YAML::Mark& mark, const std::string& what) {
    if (!error_) error_ = Error(what).within("line " + std::to_string(mark.line + 1));
  }
  json* add(const YAML::Mark& mark, json value) {
    if (error_) return nullptr;
    if (++values_ > values_max_) {
      fail(mark, "more than " + std::to_string(values_max_) + " values");
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Open& parent = open_.back();
    if (parent.value->is_array()) {
      parent.value->push_back(std::move(value));
      return &parent.value->back();
    }
    json& slot = (*parent.value)[*parent.key];
    slot = std::move(value);
    parent.key.reset();
    return &slot;
  }
  void open(const YAML::Mark& mark, const std::string& tag, json empty) {
    if (!error_ && is_key()) fail(mark, "a key must be a plain text");
    if (!error_ && tag != "?" && tag != "!" && !tag.empty()) fail(mark, "the tag " + tag);
    if (!error_ && open_.size() >= kYamlDepthMax) {
      fail(mark, "nested deeper than " + std::to_string(kYamlDepthMax));
    }
    json* const value = add(mark, std::move(empty));
    if (value != nullptr) open_.push_back({.value = value});
  }
  void close() {
    if (!error_) open_.pop_back();
  }

  const std::size_t values_max_;
  json root_;
  std::vector<Open> open_;
  std::size_t values_ = 0;
  std::optional<Error> error_;
};

std::size_t size_max(YamlBounds bounds) {
  return bounds.mebibytes_max << 20U;
}

}  // namespace

Result<json> parse_yaml_json(const std::string& text, YamlBounds bounds) {
  if (text.size() > size_max(bounds)) {
    return Error("larger than " + std::to_string(bounds.mebibytes_max) + " MiB");
  }
  Builder builder(bounds.values_max);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.error()) return *builder.error();
    Builder second(bounds.values_max);
    if (parser.HandleNextDocument(second)) return Error("more than one document");
  } catch (const YAML::Exception& exception) {
    return Error(exception.what());
  }
  return builder.take();
}

Result<json> read_yaml_json_file(const std::string& path, YamlBounds bounds) {
  const auto text = read_file(path, size_max(bounds));
  if (!text) return text.error().within("open");
  return parse_yaml_json(*text, bounds);
}

}  // namespace meshcheck::flags

#include "lib/kube/watch_decoder.h"

#include <array>
#include <utility>

#include "lib/kube/field_reader.h"

namespace meshcheck::kube {
namespace {

using simdjson::dom::element;

// The API's own are below 100 bytes; a bound so that no answer makes our next request huge.
constexpr std::size_t kContinueSizeMax = 16 * 1024;

constexpr std::array<std::pair<std::string_view, WatchEvent::Type>, 5> kTypes{{
    {"ADDED", WatchEvent::Type::kAdded},
    {"MODIFIED", WatchEvent::Type::kModified},
    {"DELETED", WatchEvent::Type::kDeleted},
    {"BOOKMARK", WatchEvent::Type::kBookmark},
    {"ERROR", WatchEvent::Type::kError},
}};

}  // namespace

WatchDecoder::WatchDecoder(std::size_t line_size_max)
    : line_size_max_(line_size_max), parser_(line_size_max) {}

void WatchDecoder::feed(std::string_view bytes) {
  if (broken_) return;
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  buffer_ += bytes;
}

std::optional<Result<WatchEvent>> WatchDecoder::next() {
  while (!broken_) {
    const std::size_t end = buffer_.find('\n', scanned_);
    if ((end == std::string::npos ? buffer_.size() : end) - begin_ > line_size_max_) {
      return refuse("an event is larger than " + std::to_string(line_size_max_) + " bytes");
    }
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      return std::nullopt;
    }
    const auto line = std::string_view(buffer_).substr(begin_, end - begin_);
    begin_ = scanned_ = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto event = read_event(line);
    if (!event) return refuse(event.error().message());
    return event;
  }
  return std::nullopt;
}

Error WatchDecoder::refuse(std::string what) {
  broken_ = true;
  std::string().swap(buffer_);
  begin_ = scanned_ = 0;
  return Error(std::move(what));
}

Result<WatchEvent> WatchDecoder::read_event(std::string_view line) {
  element root;
  if (const auto code = parser_.parse(line.data(), line.size()).get(root);
      code != simdjson::SUCCESS) {
    return Error(simdjson::error_message(code)).within("an event is not JSON");
  }
  std::optional<Error> error;
  const FieldReader reader(root, "event", error);
  const std::string type = reader.required_text("type");
  WatchEvent event;
  if (error) return *error;
  if (root["object"].get(event.object) != simdjson::SUCCESS || !event.object.is_object()) {
    return Error("event.object: an object is expected");
  }
  for (const auto& [word, value] : kTypes) {
    if (type != word) continue;
    event.type = value;
    if (value != WatchEvent::Type::kError) return event;
    const FieldReader status = reader.child("object");
    const auto code = status.number("code");
    event.code = code >= 100 && code <= 599 ? static_cast<int>(code) : 500;
    std::string_view message;
    if (event.object["message"].get(message) == simdjson::SUCCESS) event.message = message;
    if (error) return *error;
    return event;
  }
  return Error("event.type: `" + type.substr(0, 32) + "` is unknown");
}

Result<ListPage> ListPage::parse(const std::string& body) {
  ListPage page;
  page.parser_ = std::make_unique<simdjson::dom::parser>();
  element root;
  if (const auto code = page.parser_->parse(body).get(root); code != simdjson::SUCCESS) {
    return Error(simdjson::error_message(code)).within("the list is not JSON");
  }
  std::optional<Error> error;
  const FieldReader list(root, "", error);
  const FieldReader metadata = list.child("metadata");
  page.resource_version_ = metadata.required_text("resourceVersion");
  page.continue_token_ = metadata.text("continue", kContinueSizeMax);
  if (error) return *error;
  element items;
  // An empty list may be null.
  if (root["items"].get(items) != simdjson::SUCCESS || items.is_null()) return page;
  simdjson::dom::array elements;
  if (items.get(elements) != simdjson::SUCCESS) return Error("items: a list is expected");
  page.items_.assign(elements.begin(), elements.end());
  return page;
}

}  // namespace meshcheck::kube

// From the bytes of a watch to its events: one JSON document a line.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::kube {

struct WatchEvent {
  enum class Type : std::uint8_t { kAdded, kModified, kDeleted, kBookmark, kError };
  Type type = Type::kError;
  simdjson::dom::element object;  // Valid until the decoder is asked again.
  // Of kError: an HTTP status and the API's words.
  int code = 0;
  std::string message;
};

// Pure. The chunks in which bytes arrive make no difference. After an error there are no more
// events, since the rest of such a stream has no known meaning.
class WatchDecoder {
 public:
  // etcd takes objects of up to 1.5 MiB.
  static constexpr std::size_t kLineSizeMax = std::size_t{4} << 20U;

  explicit WatchDecoder(std::size_t line_size_max = kLineSizeMax);

  void feed(std::string_view bytes);
  // The next event, or why there will be none; nothing while its line is not complete.
  std::optional<Result<WatchEvent>> next();

 private:
  Error refuse(std::string what);
  Result<WatchEvent> read_event(std::string_view line);

  std::size_t line_size_max_;
  simdjson::dom::parser parser_;
  std::string buffer_;
  std::size_t begin_ = 0;    // Of the line that is being awaited.
  std::size_t scanned_ = 0;  // No line ends between there and here.
  bool broken_ = false;
};

// A page of a list.
class ListPage {
 public:
  static Result<ListPage> parse(const std::string& body);

  const std::string& resource_version() const { return resource_version_; }
  // Empty on the last page.
  const std::string& continue_token() const { return continue_token_; }
  const std::vector<simdjson::dom::element>& items() const { return items_; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;  // Its elements point to it.
  std::vector<simdjson::dom::element> items_;
  std::string resource_version_;
  std::string continue_token_;
};

}  // namespace meshcheck::kube

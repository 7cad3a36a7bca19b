// Reads the fields of an API object: an error names the first wrong one.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace meshcheck::kube {

// An absent field or null reads as empty, as in Kubernetes' own clients. All readers of one object
// share `error`, which is asked once, at the end; it and the parser outlive them.
class FieldReader {
 public:
  static constexpr std::size_t kTextSizeMax = 1024;
  static constexpr std::size_t kItemsMax = 1024;

  FieldReader(const simdjson::dom::element& value, std::string path, std::optional<Error>& error)
      : path_(std::move(path)), error_(error) {
    if (value.is_null()) return;
    simdjson::dom::object object;
    if (value.get(object) == simdjson::SUCCESS) {
      object_ = object;
    } else {
      fail("", "an object");
    }
  }

  FieldReader child(std::string_view key) const {
    const auto value = find(key);
    return value ? FieldReader(*value, path_of(key), error_) : FieldReader(path_of(key), error_);
  }

  std::string text(std::string_view key, std::size_t size_max = kTextSizeMax) const {
    const auto value = find(key);
    std::string_view found;
    if (!value) return {};
    if (value->get(found) != simdjson::SUCCESS || found.size() > size_max) {
      fail(key, "a text of at most " + std::to_string(size_max) + " bytes");
      return {};
    }
    return std::string(found);
  }

  // For a field that every object must have.
  std::string required_text(std::string_view key) const {
    std::string found = text(key);
    if (found.empty()) fail(key, "a text");
    return found;
  }

  bool flag(std::string_view key) const {
    const auto value = find(key);
    bool found = false;
    if (value && value->get(found) != simdjson::SUCCESS) fail(key, "true or false");
    return found;
  }

  std::int64_t number(std::string_view key) const {
    const auto value = find(key);
    std::int64_t found = 0;
    if (value && value->get(found) != simdjson::SUCCESS) fail(key, "a whole number");
    return found;
  }

  bool has(std::string_view key) const { return find(key).has_value(); }

  std::map<std::string, std::string> texts(std::string_view key) const {
    std::map<std::string, std::string> found;
    const FieldReader fields = child(key);
    if (!fields.object_) return found;
    if (fields.object_->size() > kItemsMax) fail(key, "at most 1024 entries");
    for (const auto& [name, value] : *fields.object_) {
      if (error_) break;
      found.emplace(name, fields.text(name));
    }
    return found;
  }

  // Hands each element of a list to `read_item`.
  template <typename ReadItem>
  void each(std::string_view key, ReadItem&& read_item) const {
    const auto value = find(key);
    simdjson::dom::array list;
    if (!value) return;
    if (value->get(list) != simdjson::SUCCESS || list.size() > kItemsMax) {
      fail(key, "a list of at most " + std::to_string(kItemsMax));
      return;
    }
    for (const simdjson::dom::element item : list) read_item(item);
  }
  template <typename ReadItem>
  void each_object(std::string_view key, ReadItem&& read_item) const {
    each(key, [&](const simdjson::dom::element& item) {
      read_item(FieldReader(item, path_of(key), error_));
    });
  }
  template <typename ReadItem>
  void each_text(std::string_view key, ReadItem&& read_item) const {
    each(key, [&](const simdjson::dom::element& item) {
      std::string_view found;
      if (item.get(found) != simdjson::SUCCESS || found.size() > kTextSizeMax) {
        fail(key, "a list of texts");
      } else {
        read_item(found);
      }
    });
  }

  // Only the first is kept.
  void fail(std::string_view key, const std::string& what) const {
    if (error_) return;
    const std::string path = path_of(key);
    error_ = Error((path.empty() ? path : path + ": ") + what + " is expected");
  }

 private:
  FieldReader(std::string path, std::optional<Error>& error)
      : path_(std::move(path)), error_(error) {}

  std::optional<simdjson::dom::element> find(std::string_view key) const {
    simdjson::dom::element value;
    if (!object_ || object_->at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) {
      return std::nullopt;
    }
    return value;
  }
  std::string path_of(std::string_view key) const {
    return path_.empty() || key.empty() ? path_ + std::string(key) : path_ + "." + std::string(key);
  }

  std::string path_;
  std::optional<Error>& error_;
  std::optional<simdjson::dom::object> object_;
};

}  // namespace meshcheck::kube

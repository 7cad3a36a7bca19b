// Names that many rows mention, each kept once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace meshcheck::mesh {

// Hands out a small number for each text and counts its users; the last release frees both. Bounded
// by `names_max` texts, of which an eighth is kept for agents and their nodes: names that reports
// mention fill only the rest. Texts stay where they are while they are used.
class NameTable {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0xffffffff;  // Of an empty text; no need to release it.

  explicit NameTable(std::size_t names_max) : names_max_(names_max) {}

  enum class Use : std::uint8_t { kAgent, kMention };

  // Nothing when there is no room for this use.
  std::optional<Id> acquire(std::string_view text, Use use = Use::kMention);
  void release(Id id);

  std::string_view text(Id id) const {
    return id == kNone ? std::string_view() : std::string_view(*entries_[id].text);
  }
  std::optional<Id> find(std::string_view text) const;
  std::size_t size() const { return ids_.size(); }
  // Every Id is less.
  std::size_t ids_end() const { return entries_.size(); }
  std::uint64_t refused() const { return refused_; }
  // Bytes of the texts.
  std::size_t text_size() const { return text_size_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Entry {
    const std::string* text = nullptr;  // A key of ids_.
    std::uint32_t uses = 0;
  };

  std::size_t names_max_;
  std::unordered_map<std::string, Id, Hash, std::equal_to<>> ids_;
  std::vector<Entry> entries_;
  std::vector<Id> free_;
  std::size_t text_size_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace meshcheck::mesh

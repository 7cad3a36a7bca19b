// The objects that a watch has seen, so that a list tells which ones changed and which are gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/kube/objects.h"

namespace meshcheck::kube {

// Pure. Keeps each object's identity and version, not its content: about 200 bytes.
class ObjectIndex {
 public:
  enum class Outcome : std::uint8_t { kChanged, kUnchanged, kNoRoom };
  struct Upsert {
    Outcome outcome = Outcome::kChanged;
    std::optional<Identity> replaced;  // Of the same name, and gone.
  };

  explicit ObjectIndex(std::size_t objects_max) : objects_max_(objects_max) {}

  Upsert upsert(const Metadata& metadata);
  // Returns the object of that name, whatever its uid; nothing if none is known.
  std::optional<Identity> erase(const Identity& identity);

  // Between the two calls every object that exists is upserted; the others are gone.
  void begin_listing();
  std::vector<Identity> end_listing();

  std::size_t size() const { return objects_.size(); }

 private:
  struct Seen {
    std::string uid;
    std::string resource_version;
    std::uint64_t listing = 0;
  };

  std::size_t objects_max_;
  std::unordered_map<std::string, Seen> objects_;  // By "namespace/name".
  std::uint64_t listing_ = 0;
};

}  // namespace meshcheck::kube

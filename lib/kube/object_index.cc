#include "lib/kube/object_index.h"

namespace meshcheck::kube {
namespace {

// Neither part has a slash.
std::string key_of(const Identity& identity) {
  return identity.name_space + "/" + identity.name;
}

Identity identity_of(const std::string& key, std::string uid) {
  const auto slash = key.find('/');
  return {key.substr(0, slash), key.substr(slash + 1), std::move(uid)};
}

}  // namespace

ObjectIndex::Upsert ObjectIndex::upsert(const Metadata& metadata) {
  const std::string key = key_of(metadata.identity);
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    if (objects_.size() >= objects_max_) return {Outcome::kNoRoom, std::nullopt};
    objects_.emplace(key, Seen{metadata.identity.uid, metadata.resource_version, listing_});
    return {Outcome::kChanged, std::nullopt};
  }
  Seen& seen = found->second;
  seen.listing = listing_;
  if (seen.resource_version == metadata.resource_version && seen.uid == metadata.identity.uid) {
    return {Outcome::kUnchanged, std::nullopt};
  }
  Upsert upsert;
  if (seen.uid != metadata.identity.uid) upsert.replaced = identity_of(key, seen.uid);
  seen.uid = metadata.identity.uid;
  seen.resource_version = metadata.resource_version;
  return upsert;
}

std::optional<Identity> ObjectIndex::erase(const Identity& identity) {
  const std::string key = key_of(identity);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return std::nullopt;
  Identity gone = identity_of(key, found->second.uid);
  objects_.erase(found);
  return gone;
}

void ObjectIndex::begin_listing() {
  ++listing_;
}

std::vector<Identity> ObjectIndex::end_listing() {
  std::vector<Identity> gone;
  for (auto object = objects_.begin(); object != objects_.end();) {
    if (object->second.listing == listing_) {
      ++object;
      continue;
    }
    gone.push_back(identity_of(object->first, object->second.uid));
    object = objects_.erase(object);
  }
  return gone;
}

}  // namespace meshcheck::kube

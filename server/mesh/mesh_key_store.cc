#include "server/mesh/mesh_key_store.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "server/mesh/mesh_key.h"

namespace meshcheck::server {
namespace {

constexpr std::string_view kMeshKey = "mesh_key";

}  // namespace

Result<std::string> stored_mesh_key(store::Connection& database) {
  auto asked = database.prepare("SELECT value FROM setting WHERE name = ?");
  if (!asked) return asked.error();
  const auto row = asked->bind_all(kMeshKey).step();
  if (!row) return row.error();
  if (*row) {
    const auto bytes = asked->blob(0);
    auto key = std::string(bytes.begin(), bytes.end());
    asked->reset();
    if (key.size() >= kMeshKeySizeMin && key.size() <= kMeshKeySizeMax) return key;
    return Error("the mesh's key in the database is damaged; delete the row mesh_key of setting");
  }
  auto made = make_mesh_key();
  if (!made) return made;
  const std::string key = *std::move(made);
  auto insert = database.prepare("INSERT INTO setting VALUES (?, ?)");
  if (!insert) return insert.error();
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(key.data()), key.size());
  if (auto done = insert->bind_all(kMeshKey, bytes).run(); !done) return done.error();
  return key;
}

}  // namespace meshcheck::server

#include "server/mesh/mesh_key.h"

#include <sys/random.h>

#include <cerrno>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/hex.h"

namespace meshcheck::server {
Result<std::string> make_mesh_key() {
  std::string key(kMeshKeySize, '\0');
  // So few bytes come at once or not at all.
  if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
    return Error::from_errno("random bytes for the mesh's key", errno);
  }
  return key;
}

Result<std::string> parse_mesh_key(std::string text) {
  while (!text.empty() && std::string_view("\r\n \t").find(text.back()) != std::string_view::npos) {
    text.pop_back();
  }
  const auto bytes = text.size() >= 2 * kMeshKeySizeMin ? from_hex(text) : std::nullopt;
  std::string key = bytes ? *bytes : text;
  if (key.size() < kMeshKeySizeMin || key.size() > kMeshKeySizeMax) {
    return Error("a key has " + std::to_string(kMeshKeySizeMin) + " to " +
                 std::to_string(kMeshKeySizeMax) + " bytes, or twice as many hexadecimal digits");
  }
  return key;
}

Result<std::string> read_mesh_key(const std::string& path) {
  // Twice as many as a key's digits: there may be blanks.
  auto text = read_file(path, 4 * kMeshKeySizeMax);
  if (!text) return text.error().within(path);
  auto key = parse_mesh_key(*std::move(text));
  if (!key) return key.error().within(path);
  return key;
}

}  // namespace meshcheck::server

#include "server/mesh/mesh_key.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "lib/base/hex.h"

namespace meshcheck::server {
Result<std::string> make_mesh_key() {
  std::string key(kMeshKeySize, '\0');
  // So few octets come at once or not at all.
  if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
    return Error::from_errno("random octets for the mesh's key", errno);
  }
  return key;
}

Result<std::string> parse_mesh_key(std::string text) {
  while (!text.empty() && std::string_view("\r\n \t").find(text.back()) != std::string_view::npos) {
    text.pop_back();
  }
  const auto octets = text.size() >= 2 * kMeshKeySizeMin ? from_hex(text) : std::nullopt;
  std::string key = octets ? *octets : text;
  if (key.size() < kMeshKeySizeMin || key.size() > kMeshKeySizeMax) {
    return Error("a key has " + std::to_string(kMeshKeySizeMin) + " to " +
                 std::to_string(kMeshKeySizeMax) + " octets, or twice as many hexadecimal digits");
  }
  return key;
}

Result<std::string> read_mesh_key(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error::from_errno(path, errno);
  std::array<char, 4 * kMeshKeySizeMax> octets{};
  file.read(octets.data(), octets.size());
  if (file.bad()) return Error("cannot be read").within(path);
  auto key = parse_mesh_key({octets.data(), static_cast<std::size_t>(file.gcount())});
  if (!key) return key.error().within(path);
  return key;
}

}  // namespace meshcheck::server

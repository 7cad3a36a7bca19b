// The secret that all agents of the mesh share, which authenticates their probes.
#pragma once

#include <cstddef>
#include <string>

#include "lib/base/result.h"

namespace meshcheck::server {

inline constexpr std::size_t kMeshKeySize = 32;     // Of those made here.
inline constexpr std::size_t kMeshKeySizeMin = 16;  // Of those in a file.
inline constexpr std::size_t kMeshKeySizeMax = 64;

// From the kernel's generator.
Result<std::string> make_mesh_key();

// `text` without the blanks at its end: pairs of hexadecimal digits, or else the bytes themselves.
// The error does not show them.
Result<std::string> parse_mesh_key(std::string text);
Result<std::string> read_mesh_key(const std::string& path);

}  // namespace meshcheck::server

#include "lib/base/file.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace meshcheck {

Result<std::string> read_file(const std::string& path, std::size_t size_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(std::generic_category().message(errno));
  // Grows with what arrives, to one byte more than the bound.
  constexpr std::size_t kFirstPiece = 4096;
  std::string content;
  while (file && content.size() <= size_max) {
    const std::size_t had = content.size();
    content.resize(std::min(size_max + 1, std::max(kFirstPiece, had * 2)));
    file.read(content.data() + had, static_cast<std::streamsize>(content.size() - had));
    if (file.bad()) return Error("cannot be read");
    content.resize(had + static_cast<std::size_t>(file.gcount()));
  }
  if (content.size() > size_max) {
    return Error("larger than " + std::to_string(size_max) + " bytes");
  }
  return content;
}

}  // namespace meshcheck

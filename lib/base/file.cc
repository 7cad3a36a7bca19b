#include "lib/base/file.h"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace meshcheck {

Result<std::string> read_file(const std::string& path, std::size_t size_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(std::generic_category().message(errno));
  std::string content(size_max + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) return Error("cannot be read");
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > size_max) {
    return Error("larger than " + std::to_string(size_max) + " bytes");
  }
  return content;
}

}  // namespace meshcheck

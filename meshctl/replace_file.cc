#include "meshctl/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace meshcheck::meshctl {
namespace {

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = write(descriptor, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text) {
  std::error_code failed;
  const std::string real = std::filesystem::canonical(path, failed);
  if (failed) return Error(failed.message());
  struct stat before {};
  if (stat(real.c_str(), &before) != 0) return Error::from_errno("stat", errno);
  std::string next = real + ".XXXXXX";
  const int descriptor = mkostemp(next.data(), O_CLOEXEC);
  if (descriptor < 0) return Error::from_errno("make " + next, errno);
  // fsync before the name changes: else a crash may leave an empty file under it.
  const bool written = fchmod(descriptor, before.st_mode & 07777U) == 0 &&
                       write_all(descriptor, text) && fsync(descriptor) == 0;
  int error = written ? 0 : errno;
  if (close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0 && rename(next.c_str(), real.c_str()) != 0) error = errno;
  if (error == 0) return {};
  unlink(next.c_str());
  return Error::from_errno("write " + next, error);
}

}  // namespace meshcheck::meshctl

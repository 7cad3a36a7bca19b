#include "lib/store/sqlite/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace meshcheck::store::sqlite {
namespace {

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Error cannot_create(const std::string& path, int error_number) {
  const std::string directory = directory_of(path);
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Error("the directory " + directory +
                   " does not exist; create it, or mount a volume there")
          .within(path);
    case EACCES:
    case EPERM:
    case EROFS:
      return Error("user " + std::to_string(geteuid()) + " may not write in " + directory +
                   "; change its owner or mode (in Kubernetes: fsGroup), or give another path")
          .within(path);
    case ENOSPC:
    case EDQUOT:
      return Error("the disk is full; free space or enlarge the volume").within(path);
    default:
      return Error::from_errno("create " + path + ".lock", error_number);
  }
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& path) {
  const int descriptor = ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor < 0) return cannot_create(path, errno);
  FileLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return Error::from_errno("lock " + path + ".lock", errno);
  return Error("in use by another process, which holds " + path +
               ".lock; stop it, or give this one a file of its own")
      .within(path);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace meshcheck::store::sqlite

// The mark that a file is in use by one process.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace meshcheck::store::sqlite {

// Held from take() until destruction or the death of the process, however it dies. The lock is
// advisory and on a file of its own: programs that do not know it, such as a sqlite3 shell, can
// still read the database. Also excludes a second holder in the same process.
class FileLock {
 public:
  // `path` is the file to protect; the lock is on "<path>.lock", which is made and stays behind.
  static Result<FileLock> take(const std::string& path);

  FileLock() = default;  // Holds nothing.
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

}  // namespace meshcheck::store::sqlite

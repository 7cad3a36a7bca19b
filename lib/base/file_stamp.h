// Whether a file is another one than before.
#pragma once

#include <cstdint>
#include <string>

namespace meshcheck {

// Of the file that is there now; one that is replaced or edited has another, and so has a link that
// was switched, as Kubernetes does it. All files that are not there are equal.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;
  std::int64_t modified_ns = 0;

  static FileStamp of(const std::string& path);
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

}  // namespace meshcheck

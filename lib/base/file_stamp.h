// Tells whether a file was replaced or edited.
#pragma once

#include <cstdint>
#include <string>

namespace meshcheck {

// The stamp of a file as it is now. It differs once the file is replaced or edited, or once a link
// to it is switched, as Kubernetes does. All absent files have the same stamp.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;
  std::int64_t modified_ns = 0;

  static FileStamp of(const std::string& path);
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

}  // namespace meshcheck

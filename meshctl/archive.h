// A tar.gz out of texts. libarchive would bring libxml2 and ICU with it, three times the size of
// the image, for a format that is one header a file.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace meshcheck::meshctl {

struct ArchiveFile {
  std::string name;
  std::string text;
};

// All in a folder; a name and the folder have at most 100 bytes together. An existing file is an
// error.
Result<void> write_archive(const std::string& path, const std::string& folder,
                           const std::vector<ArchiveFile>& files, WallTime time);

}  // namespace meshcheck::meshctl

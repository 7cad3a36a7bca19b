// Files that are replaced or edited now and then, and have to be read again.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/file_stamp.h"
#include "lib/uv/timer.h"

namespace meshcheck::uv {

// Looks at the files in each interval: Kubernetes changes them by a switched link, which file
// events miss. Belongs to the loop's thread.
class FileWatcher {
 public:
  // Called when one of the files is another than at the look before. It may not destroy the
  // FileWatcher.
  using OnChange = std::function<void()>;

  // The files as they are now are known.
  FileWatcher(Loop& loop, std::vector<std::string> paths, std::chrono::milliseconds interval,
              OnChange on_change);
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // Looks now, in addition to the looks of each interval.
  void look();
  // The files as they are now are known. To be called before reading them without an on_change.
  void note();
  // The content that was read could not be used: the next look takes the files for others.
  void doubt() { stamps_.reset(); }

 private:
  std::vector<FileStamp> stamps() const;

  const std::vector<std::string> paths_;
  const OnChange on_change_;
  std::optional<std::vector<FileStamp>> stamps_;  // Of the known files.
  Timer timer_;
};

}  // namespace meshcheck::uv

#include "lib/uv/file_watcher.h"

#include <utility>

namespace meshcheck::uv {

FileWatcher::FileWatcher(Loop& loop, std::vector<std::string> paths,
                         std::chrono::milliseconds interval, OnChange on_change)
    : paths_(std::move(paths)),
      on_change_(std::move(on_change)),
      stamps_(stamps()),
      timer_(loop, [this] { look(); }) {
  timer_.start_repeating(interval);
}

void FileWatcher::look() {
  auto now = stamps();
  if (stamps_ == now) return;
  // Before the files are read, so that what changes meanwhile is seen.
  stamps_ = std::move(now);
  on_change_();
}

void FileWatcher::note() {
  stamps_ = stamps();
}

std::vector<FileStamp> FileWatcher::stamps() const {
  std::vector<FileStamp> stamps;
  stamps.reserve(paths_.size());
  for (const std::string& path : paths_) stamps.push_back(FileStamp::of(path));
  return stamps;
}

}  // namespace meshcheck::uv

// Keeps the inventory in force the same as its file.
#pragma once

#include <string>

#include "lib/base/file_stamp.h"
#include "lib/base/log.h"
#include "lib/uv/timer.h"
#include "server/state.h"

namespace meshcheck::server {

// Looks at the file each second (a ConfigMap changes by a switched link, which file events miss)
// and reads it when it is another. A file that is wrong changes nothing but a counter and the log.
class InventoryWatcher {
 public:
  // The inventory at `path` is in force already.
  InventoryWatcher(uv::Loop& loop, std::string path, State& state, Log log);

  // At once, whether it looks changed or not.
  void reload();

 private:
  const std::string path_;
  State& state_;
  const Log log_;
  FileStamp stamp_;  // Of the file as it was read.
  uv::Timer timer_;
};

}  // namespace meshcheck::server

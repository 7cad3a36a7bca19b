// Keeps the inventory in force equal to its file.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "lib/base/log.h"
#include "lib/uv/file_watcher.h"
#include "server/agents/membership.h"

namespace meshcheck::server {

// Looks at the file each second and reads it when it has changed. After an error the inventory
// stays, a counter rises and the log has a line.
class InventoryWatcher {
 public:
  struct Owner {
    uv::Loop& loop;
    Membership membership;
    std::atomic<std::uint64_t>& failures;  // Files that were wrong.
    Log log;
  };
  // The inventory at `path` is in force already.
  InventoryWatcher(const Owner& owner, std::string path);

  // Reads the file at once, whether it looks changed or not.
  void reload();

 private:
  const std::string path_;
  Membership membership_;
  std::atomic<std::uint64_t>& failures_;
  const Log log_;
  uv::FileWatcher watcher_;
};

}  // namespace meshcheck::server

// The YAML file of downtimes, and its watcher, which keeps the table equal to it.
#pragma once

#include <string>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/uv/file_watcher.h"
#include "lib/yaml/json.h"
#include "server/sla/sla_tables.h"

namespace meshcheck::server {

inline constexpr yaml::Bounds kDowntimeFileBounds{.mebibytes_max = 4, .values_max = 400'000};

// `downtimes:` and a list of items as the custom resource has them. An error: it is no such file. A
// bad item alone is left out.
Result<sla::DowntimeTable::Items> parse_downtimes(const std::string& yaml);

// Looks at the file each second, as the InventoryWatcher does.
class DowntimeFile {
 public:
  // Reads the file; returns an error if that fails.
  static Result<std::unique_ptr<DowntimeFile>> open(uv::Loop& loop, const std::string& path,
                                                    SlaTables& sla, const Log& log);
  // Reads the file at once, whether it looks changed or not. After an error the table stays and a
  // counter rises.
  void reload();

 private:
  DowntimeFile(uv::Loop& loop, std::string path, SlaTables& sla, const Log& log);
  Result<void> read();

  const std::string path_;
  SlaTables& sla_;
  const Log log_;
  uv::FileWatcher watcher_;
};

}  // namespace meshcheck::server

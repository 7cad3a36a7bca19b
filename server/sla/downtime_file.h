// The YAML file of downtimes, and keeping what is in force the same as it.
#pragma once

#include <string>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/uv/file_watcher.h"
#include "lib/yaml/json.h"
#include "server/sla/sla_tables.h"

namespace meshcheck::server {

inline constexpr yaml::Bounds kDowntimeFileBounds{.mebibytes_max = 4, .values_max = 400'000};

// `downtimes:` and a list of items as the custom resource has them. An error: it is no such file;
// of a bad item only that one is left out.
Result<sla::DowntimeTable::Items> parse_downtimes(const std::string& yaml);

// Looks at the file each second, as the InventoryWatcher does.
class DowntimeFile {
 public:
  // Reads it; an error there is one of the start.
  static Result<std::unique_ptr<DowntimeFile>> open(uv::Loop& loop, const std::string& path,
                                                    SlaTables& sla, const Log& log);
  // At once, whether it looks changed or not. What is wrong changes nothing but a counter.
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

#include "server/sla/downtime_file.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace meshcheck::server {
namespace {

using nlohmann::json;

Result<sla::DowntimeTable::Items> items_of(const json& root) {
  if (root.is_null()) return sla::DowntimeTable::Items();
  const auto list = root.find("downtimes");
  if (list == root.end()) return Error("expected a map with the key `downtimes`");
  if (list->is_null()) return sla::DowntimeTable::Items();
  if (!list->is_array()) return Error("`downtimes` has to be a list");
  return sla::read_downtime_items(*list, {.uid = "file", .name = "file"});
}

}  // namespace

Result<sla::DowntimeTable::Items> parse_downtimes(const std::string& yaml) {
  const auto root = yaml::parse_json(yaml, kDowntimeFileBounds);
  if (!root) return root.error();
  return items_of(*root);
}

Result<std::unique_ptr<DowntimeFile>> DowntimeFile::open(uv::Loop& loop, const std::string& path,
                                                         SlaTables& sla, const Log& log) {
  std::unique_ptr<DowntimeFile> file(new DowntimeFile(loop, path, sla, log));
  if (auto read = file->read(); !read) return read.error();
  return file;
}

DowntimeFile::DowntimeFile(uv::Loop& loop, std::string path, SlaTables& sla, const Log& log)
    : path_(std::move(path)),
      sla_(sla),
      log_(log),
      watcher_(loop, {path_}, std::chrono::seconds(1), [this] { reload(); }) {}

Result<void> DowntimeFile::read() {
  watcher_.note();
  const auto root = yaml::read_json(path_, kDowntimeFileBounds);
  if (!root) return root.error().within("downtimes " + path_);
  auto items = items_of(*root);
  if (!items) return items.error().within("downtimes " + path_);
  for (const sla::DowntimeTable::Refused& item : items->refused) {
    log_.warning("a downtime is left out",
                 {{"file", path_}, {"item", item.what}, {"error", item.reason}});
  }
  log_.info("downtimes read", {{"file", path_}, {"downtimes", items->downtimes.size()}});
  sla_.downtimes.with([&](sla::DowntimeTable& table) {
    table.replace({.source = sla::DowntimeTable::Source::kFile, .uid = "file", .name = "file"},
                  *std::move(items));
  });
  return {};
}

void DowntimeFile::reload() {
  const auto done = read();
  if (done) return;
  ++sla_.downtime_file_failures;
  log_.error("downtimes are not usable; those before stay in force",
             {{"error", done.error().message()}});
}

}  // namespace meshcheck::server

#include "server/downtime_file.h"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

namespace meshcheck::server {
namespace {

using nlohmann::json;

constexpr int kDepthMax = 8;

// Texts, lists and maps; what is deeper than any of ours is null.
json to_json(const YAML::Node& node, int depth) {
  if (depth == 0) return {};
  if (node.IsScalar()) return node.Scalar();
  if (node.IsSequence()) {
    json list = json::array();
    for (const YAML::Node& item : node) list.push_back(to_json(item, depth - 1));
    return list;
  }
  if (!node.IsMap()) return {};
  json map = json::object();
  for (const auto& pair : node) {
    if (pair.first.IsScalar()) map[pair.first.Scalar()] = to_json(pair.second, depth - 1);
  }
  return map;
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error::from_errno("open", errno);
  std::string text(kDowntimeFileSizeMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Error("cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kDowntimeFileSizeMax) return Error("larger than 4 MiB");
  return text;
}

}  // namespace

Result<DowntimeBook::Items> parse_downtimes(const std::string& yaml) {
  // yaml-cpp reports errors only by throwing; this is where they become ours.
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (root.IsNull()) return DowntimeBook::Items();
    if (!root.IsMap() || !root["downtimes"])
      return Error("expected a map with the key `downtimes`");
    const YAML::Node list = root["downtimes"];
    if (list.IsNull()) return DowntimeBook::Items();
    if (!list.IsSequence()) return Error("`downtimes` has to be a list");
    return read_downtime_items(to_json(list, kDepthMax), {.uid = "file", .name = "file"});
  } catch (const YAML::Exception& exception) {
    return Error(exception.msg).within("line " + std::to_string(exception.mark.line + 1));
  }
}

Result<std::unique_ptr<DowntimeFile>> DowntimeFile::open(uv::Loop& loop, const std::string& path,
                                                         State& state, const Log& log) {
  std::unique_ptr<DowntimeFile> file(new DowntimeFile(loop, path, state, log));
  if (auto read = file->read(); !read) return read.error();
  return file;
}

DowntimeFile::DowntimeFile(uv::Loop& loop, std::string path, State& state, const Log& log)
    : path_(std::move(path)), state_(state), log_(log), timer_(loop, [this] {
        if (FileStamp::of(path_) != stamp_) reload();
      }) {
  timer_.start_repeating(std::chrono::seconds(1));
}

Result<void> DowntimeFile::read() {
  stamp_ = FileStamp::of(path_);
  const auto text = read_text(path_);
  if (!text) return text.error().within("downtimes " + path_);
  auto items = parse_downtimes(*text);
  if (!items) return items.error().within("downtimes " + path_);
  for (const DowntimeBook::Refused& item : items->refused) {
    log_.warning("a downtime is left out",
                 {{"file", path_}, {"item", item.what}, {"error", item.reason}});
  }
  log_.info("downtimes read", {{"file", path_}, {"downtimes", items->downtimes.size()}});
  state_.downtimes.with([&](DowntimeBook& book) {
    book.replace({.source = DowntimeBook::Source::kFile, .uid = "file", .name = "file"},
                 *std::move(items));
  });
  return {};
}

void DowntimeFile::reload() {
  const auto done = read();
  if (done) return;
  ++state_.downtime_file_failures;
  log_.error("downtimes are not usable; those before stay in force",
             {{"error", done.error().message()}});
}

}  // namespace meshcheck::server

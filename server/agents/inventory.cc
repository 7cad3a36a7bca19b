#include "server/agents/inventory.h"

#include <yaml-cpp/yaml.h>

#include <set>

#include "lib/base/file.h"
#include "mesh/report/record.h"

namespace meshcheck::server {
namespace {

Error at(const YAML::Node& node, const std::string& what) {
  return Error(what).within("line " + std::to_string(node.Mark().line + 1));
}

Result<Inventory::Entry> parse_entry(const YAML::Node& node) {
  Inventory::Entry entry;
  if (node.IsScalar()) {
    entry.name = node.Scalar();
    return entry;
  }
  if (!node.IsMap())
    return at(node, "agents: each is a name or a map with `name`, `node` and `zone`");
  for (const auto& pair : node) {
    const std::string& key = pair.first.Scalar();
    if (!pair.second.IsScalar()) return at(pair.second, "agents: `" + key + "` has to be a text");
    if (key == "name") {
      entry.name = pair.second.Scalar();
    } else if (key == "node") {
      entry.node = pair.second.Scalar();
    } else if (key == "zone") {
      entry.zone = pair.second.Scalar();
      if (auto zone = mesh::check_text(entry.zone, "agents: `zone`"); !zone) {
        return at(pair.second, zone.error().message());
      }
    } else {
      return at(pair.first,
                "agents: unknown key `" + key + "`; known are `name`, `node` and `zone`");
    }
  }
  return entry;
}

Result<Inventory> parse_root(const YAML::Node& root) {
  if (!root.IsMap()) return Error("expected a map with the key `agents`");
  Inventory inventory;
  std::set<std::string> names;
  for (const auto& pair : root) {
    const std::string& key = pair.first.Scalar();
    if (key != "agents") return at(pair.first, "unknown key `" + key + "`; known is `agents`");
    if (!inventory.agents.empty()) return at(pair.first, "`agents` is there twice");
    if (!pair.second.IsSequence()) return at(pair.second, "`agents` has to be a list");
    for (const YAML::Node& node : pair.second) {
      auto entry = parse_entry(node);
      if (!entry) return entry.error();
      if (auto name = mesh::check_name(entry->name); !name) return at(node, name.error().message());
      if (!names.insert(entry->name).second) {
        return at(node, "agents: `" + entry->name + "` is there twice");
      }
      inventory.agents.push_back(*std::move(entry));
    }
  }
  if (inventory.agents.empty()) return Error("`agents` is empty: nobody would be expected");
  return inventory;
}

}  // namespace

Result<Inventory> parse_inventory(const std::string& yaml) {
  // yaml-cpp reports errors only by throwing; this is where they become ours.
  try {
    return parse_root(YAML::Load(yaml));
  } catch (const YAML::Exception& exception) {
    return Error(exception.msg).within("line " + std::to_string(exception.mark.line + 1));
  }
}

Result<Inventory> read_inventory(const std::string& path) {
  const std::string context = "inventory " + path;
  const auto text = read_file(path, kInventorySizeMax);
  if (!text) return text.error().within(context);
  auto inventory = parse_inventory(*text);
  if (!inventory) return inventory.error().within(context);
  return inventory;
}

}  // namespace meshcheck::server

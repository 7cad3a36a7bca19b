#include "server/agents/inventory.h"

#include <set>

#include "lib/base/file.h"
#include "lib/yaml/node.h"
#include "mesh/report/record.h"

namespace meshcheck::server {
namespace {

constexpr yaml::Bounds kBounds{.mebibytes_max = kInventorySizeMax >> 20U, .values_max = 400'000};

Result<Inventory::Entry> parse_entry(const yaml::Node& node) {
  Inventory::Entry entry;
  if (node.is_text()) {
    entry.name = node.text;
    return entry;
  }
  if (!node.is_map())
    return node.error("agents: each is a name or a map with `name`, `node` and `zone`");
  for (const yaml::Entry& given : node.entries) {
    const std::string& key = given.key;
    const yaml::Node& value = given.value;
    if (!value.is_text()) return value.error("agents: `" + key + "` has to be a text");
    if (key == "name") {
      entry.name = value.text;
    } else if (key == "node") {
      entry.node = value.text;
    } else if (key == "zone") {
      entry.zone = value.text;
      if (auto zone = mesh::check_text(entry.zone, "agents: `zone`"); !zone) {
        return value.error(zone.error().message());
      }
    } else {
      return given.error("agents: unknown key `" + key + "`; known are `name`, `node` and `zone`");
    }
  }
  return entry;
}

Result<Inventory> parse_root(const yaml::Node& root) {
  if (!root.is_map()) return Error("expected a map with the key `agents`");
  Inventory inventory;
  std::set<std::string> names;
  for (const yaml::Entry& top : root.entries) {
    if (top.key != "agents") {
      return top.error("unknown key `" + top.key + "`; known is `agents`");
    }
    if (!top.value.is_list()) return top.value.error("`agents` has to be a list");
    for (const yaml::Node& node : top.value.items) {
      auto entry = parse_entry(node);
      if (!entry) return entry.error();
      if (auto name = mesh::check_name(entry->name); !name) {
        return node.error(name.error().message());
      }
      if (!names.insert(entry->name).second) {
        return node.error("agents: `" + entry->name + "` is there twice");
      }
      inventory.agents.push_back(*std::move(entry));
    }
  }
  if (inventory.agents.empty()) return Error("`agents` is empty: nobody would be expected");
  return inventory;
}

}  // namespace

Result<Inventory> parse_inventory(const std::string& yaml) {
  const auto root = yaml::parse(yaml, kBounds);
  if (!root) return root.error();
  return parse_root(*root);
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

#include "server/agents/inventory_watcher.h"

#include <utility>

namespace meshcheck::server {

InventoryWatcher::InventoryWatcher(const Owner& owner, std::string path)
    : path_(std::move(path)),
      membership_(owner.membership),
      failures_(owner.failures),
      log_(owner.log),
      watcher_(owner.loop, {path_}, std::chrono::seconds(1), [this] { reload(); }) {}

void InventoryWatcher::reload() {
  watcher_.note();
  auto inventory = read_inventory(path_);
  if (!inventory) {
    ++failures_;
    log_.error("inventory is not usable; the one before stays in force",
               {{"error", inventory.error().message()}});
    return;
  }
  const std::size_t agents = inventory->agents.size();
  membership_.set_inventory(*std::move(inventory));
  log_.info("inventory read", {{"file", path_}, {"agents", agents}});
}

}  // namespace meshcheck::server

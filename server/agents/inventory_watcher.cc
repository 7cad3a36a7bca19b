#include "server/agents/inventory_watcher.h"

#include <utility>

namespace meshcheck::server {

InventoryWatcher::InventoryWatcher(uv::Loop& loop, std::string path, State& state, Log log)
    : path_(std::move(path)),
      state_(state),
      log_(log),
      stamp_(FileStamp::of(path_)),
      timer_(loop, [this] {
        if (FileStamp::of(path_) != stamp_) reload();
      }) {
  timer_.start_repeating(std::chrono::seconds(1));
}

void InventoryWatcher::reload() {
  stamp_ = FileStamp::of(path_);
  auto inventory = read_inventory(path_);
  if (!inventory) {
    ++state_.inventory_reload_failures;
    log_.error("inventory is not usable; the one before stays in force",
               {{"error", inventory.error().message()}});
    return;
  }
  const std::size_t agents = inventory->agents.size();
  set_inventory(state_, *std::move(inventory));
  log_.info("inventory read", {{"file", path_}, {"agents", agents}});
}

}  // namespace meshcheck::server

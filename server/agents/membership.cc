#include "server/agents/membership.h"

#include <string>
#include <unordered_map>
#include <utility>

namespace meshcheck::server {
namespace {

// A stray is left by a lost race; an agent that reports is never silent for so long.
constexpr std::chrono::minutes kStraySilence{2};

}  // namespace

void Membership::set_inventory(std::optional<Inventory> inventory) {
  std::unordered_map<std::string, std::string> zones;
  if (inventory) {
    for (const Inventory::Entry& entry : inventory->agents) {
      if (!entry.zone.empty()) zones.emplace(entry.name, entry.zone);
    }
  }
  table_.with([&](AgentTable& table) { table.set_inventory(std::move(inventory)); });
  pass_on_departures();
  mesh_.with([&](mesh::Mesh& mesh) {
    // It makes all assignments be looked at again, and a cluster tells of changes all the time.
    if (mesh.assigner.zones() != zones) mesh.assigner.set_zones(std::move(zones));
  });
}

void Membership::set_inventory_stale(bool stale) {
  table_.with([&](AgentTable& table) { table.set_inventory_stale(stale); });
}

bool Membership::remove(std::string_view agent) {
  const bool held = table_.with([&](AgentTable& table) { return table.remove(agent); });
  if (held) pass_on_departures();
  return held;
}

void Membership::count_missed_reports(Now now) {
  table_.with([&](AgentTable& table) { table.count_missed_reports(now); });
  pass_on_departures();
  drop_strays(now);
}

void Membership::pass_on_departures() {
  const auto names = table_.with([](AgentTable& table) { return table.take_departures(); });
  if (!names.empty()) mesh_.with([&](mesh::Mesh& mesh) { mesh.leave(names); });
}

void Membership::drop_strays(Now now) {
  auto silent =
      mesh_.with([&](const mesh::Mesh& mesh) { return mesh.table.silent(kStraySilence, now); });
  if (silent.empty()) return;
  const auto strays =
      table_.with([&](const AgentTable& table) { return table.not_held(std::move(silent)); });
  if (!strays.empty()) mesh_.with([&](mesh::Mesh& mesh) { mesh.leave(strays); });
}

}  // namespace meshcheck::server

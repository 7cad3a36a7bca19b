#include "server/agents/roster.h"

#include <algorithm>
#include <utility>

namespace meshcheck::server {
namespace {

constexpr std::chrono::minutes kNewcomerSilence{10};

}  // namespace

std::optional<Roster::Refusal> Roster::admit(std::string_view name, std::string_view node,
                                             Clock::time_point now,
                                             std::optional<std::string_view> pod_uid) {
  if (!inventory_) return std::nullopt;
  if (const auto index = indices_.find(name); index != indices_.end()) {
    const Inventory::Entry& entry = inventory_->agents[index->second];
    if (entry.uid.empty() || !pod_uid) return std::nullopt;
    if (*pod_uid != entry.uid) return Refusal::kOtherPod;
    const bool elsewhere = !entry.node.empty() && !node.empty() && node != entry.node;
    return elsewhere ? std::optional(Refusal::kOtherNode) : std::nullopt;
  }
  if (!inventory_->newcomer_patience) return Refusal::kNotInInventory;
  if (leaving_.contains(name)) return Refusal::kLeaving;
  if (newcomers_.admit(name, *inventory_->newcomer_patience, now)) return std::nullopt;
  return Refusal::kNotListed;
}

void Roster::set_inventory(std::optional<Inventory> inventory) {
  const std::optional<Inventory> before = std::exchange(inventory_, std::move(inventory));
  const Indices indices_before = std::exchange(indices_, {});
  places_.clear();
  leaving_.clear();
  if (!inventory_) return;
  for (const Inventory::Entry& entry : inventory_->agents) {
    const auto old = indices_before.find(entry.name);
    const bool other_pod =
        old != indices_before.end() && before->agents[old->second].uid != entry.uid;
    indices_.emplace(entry.name, places_.size());
    places_.push_back({.agent = nullptr, .other_pod = other_pod});
    newcomers_.forget(entry.name);
  }
  leaving_.insert(inventory_->leaving.begin(), inventory_->leaving.end());
}

std::vector<IpAddress> Roster::addresses_of(std::string_view name, std::string_view pod_uid) const {
  const auto index = indices_.find(name);
  if (index == indices_.end()) return {};
  const Inventory::Entry& entry = inventory_->agents[index->second];
  return entry.uid == pod_uid ? entry.addresses : std::vector<IpAddress>();
}

const Roster::Place* Roster::place_of(std::string_view name) const {
  const auto index = indices_.find(name);
  return index == indices_.end() ? nullptr : &places_[index->second];
}

bool Roster::keeps(std::string_view name) const {
  if (!inventory_) return true;
  if (const Place* const place = place_of(name)) return !place->other_pod;
  return newcomers_.knows(name) && !leaving_.contains(name);
}

void Roster::seat(std::string_view name, const HeldAgent& agent) {
  if (const auto index = indices_.find(name); index != indices_.end()) {
    places_[index->second].agent = &agent;
  }
}

void Roster::unseat(std::string_view name) {
  if (const auto index = indices_.find(name); index != indices_.end()) {
    places_[index->second].agent = nullptr;
  }
}

void Roster::forget_silent_newcomers(Clock::time_point now) {
  newcomers_.forget_silent(kNewcomerSilence, now);
}

bool Roster::is_awaited(std::size_t index, Clock::time_point now) const {
  const auto& due = inventory_->agents[index].due;
  return places_[index].agent == nullptr && due && now < *due;
}

void Roster::visit(
    Clock::time_point now,
    const std::function<void(const Inventory::Entry&, const HeldAgent*)>& visitor) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!is_awaited(i, now)) visitor(inventory_->agents[i], places_[i].agent);
  }
}

std::size_t Roster::awaited(Clock::time_point now) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) count += is_awaited(i, now) ? 1U : 0U;
  return count;
}

std::size_t Roster::seated() const {
  return static_cast<std::size_t>(std::count_if(
      places_.begin(), places_.end(), [](const Place& place) { return place.agent != nullptr; }));
}

}  // namespace meshcheck::server

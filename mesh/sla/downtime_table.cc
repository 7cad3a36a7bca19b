#include "mesh/sla/downtime_table.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "mesh/sla/downtime_item.h"

namespace meshcheck::sla {

using nlohmann::json;

std::string_view text(DowntimeTable::Source source) {
  constexpr std::array<std::string_view, 3> kTexts = {"file", "api", "kubernetes"};
  return kTexts.at(static_cast<std::size_t>(source));
}

void DowntimeTable::replace(const Origin& origin, Items items) {
  erase(origin);
  const std::size_t room = downtimes_max_ - std::min(downtimes_max_, size_);
  if (items.downtimes.size() > room) {
    const std::size_t over = items.downtimes.size() - room;
    items.downtimes.resize(room);
    items.refused.push_back({std::to_string(over) + " items",
                             "more than " + std::to_string(downtimes_max_) + " downtimes"});
  }
  size_ += items.downtimes.size();
  origins_[origin] = std::move(items);
}

bool DowntimeTable::erase(const Origin& origin) {
  const auto found = origins_.find(origin);
  if (found == origins_.end()) return false;
  size_ -= found->second.downtimes.size();
  origins_.erase(found);
  return true;
}

std::vector<Downtime> DowntimeTable::within(Seconds from, Seconds to) const {
  std::vector<Downtime> found;
  for (const auto& [origin, items] : origins_) {
    std::ranges::copy_if(items.downtimes, std::back_inserter(found),
                         [&](const Downtime& downtime) { return downtime.overlaps(from, to); });
  }
  return found;
}

json DowntimeTable::to_json() const {
  json downtimes = json::array();
  json refused = json::array();
  for (const auto& [origin, items] : origins_) {
    for (const Downtime& downtime : items.downtimes) {
      json item = sla::to_json(downtime);
      item["source"] = text(origin.source);
      if (!origin.group.empty()) item["group"] = origin.group;
      downtimes.push_back(std::move(item));
    }
    for (const Refused& item : items.refused) {
      if (refused.size() >= kRefusedMax) break;
      json left_out = {{"source", text(origin.source)},
                       {"uid", origin.uid},
                       {"name", origin.name},
                       {"item", item.what},
                       {"reason", item.reason}};
      if (!origin.group.empty()) left_out["group"] = origin.group;
      refused.push_back(std::move(left_out));
    }
  }
  return {{"downtimes", std::move(downtimes)}, {"refused", std::move(refused)}};
}

DowntimeTable::CountsBySource DowntimeTable::counts() const {
  CountsBySource counts{};
  for (const auto& [origin, items] : origins_) {
    Counts& of_source = counts.at(static_cast<std::size_t>(origin.source));
    of_source.held += items.downtimes.size();
    of_source.refused += items.refused.size();
  }
  return counts;
}

DowntimeTable::Items read_downtime_items(const json& list, const DowntimeTable::Origin& origin) {
  DowntimeTable::Items items;
  if (!list.is_array()) {
    items.refused.push_back({"all", "a list of downtimes is wanted"});
    return items;
  }
  const auto own = [](const json& item, const char* key, const std::string& otherwise) {
    const auto found = item.find(key);
    const bool is_there = found != item.end() && found->is_string();
    const auto value = is_there ? found->get<std::string>() : std::string();
    return is_name(value) ? value : otherwise;
  };
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto downtime = parse_downtime_item(list[i]);
    if (!downtime) {
      items.refused.push_back({"item " + std::to_string(i), downtime.error().message()});
      continue;
    }
    downtime->uid = own(list[i], "uid", origin.uid);
    downtime->name = own(list[i], "name", origin.name);
    items.downtimes.push_back(*std::move(downtime));
  }
  return items;
}

}  // namespace meshcheck::sla

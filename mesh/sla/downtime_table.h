// All downtimes, from the file, the API and Kubernetes.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "mesh/sla/downtime.h"

namespace meshcheck::sla {

// Reads no clock and has no lock: its owner guards it. Bounded by `downtimes_max`; further items
// are refused, as unreadable ones are.
class DowntimeTable {
 public:
  static constexpr std::size_t kDowntimesMax = 10'000;
  static constexpr std::size_t kRefusedMax =
      1000;  // Refused items that are shown; all are counted.

  enum class Source : std::uint8_t { kFile, kApi, kKubernetes };
  // Where an item comes from: the file, one entry of the API, one object.
  struct Origin {
    Source source = Source::kFile;
    std::string uid;
    std::string name;
    std::string group;  // Of an object's API: "meshcheck.io".

    // Entries of the API have no names, so the uid stands for it.
    static Origin of_api(const std::string& uid) { return {Source::kApi, uid, uid, {}}; }
    friend auto operator<=>(const Origin&, const Origin&) = default;
  };
  struct Refused {
    std::string what;  // "item 3"
    std::string reason;
  };
  struct Items {
    std::vector<Downtime> downtimes;
    std::vector<Refused> refused;
  };

  struct Counts {
    std::size_t held = 0;
    std::size_t refused = 0;
  };
  using CountsBySource = std::array<Counts, 3>;  // By Source.

  explicit DowntimeTable(std::size_t downtimes_max = kDowntimesMax)
      : downtimes_max_(downtimes_max) {}

  // Replaces all items of that origin.
  void replace(const Origin& origin, Items items);
  // False: there is none.
  bool erase(const Origin& origin);
  bool contains(const Origin& origin) const { return origins_.contains(origin); }
  bool full() const { return size_ >= downtimes_max_; }

  // The downtimes that overlap that time.
  std::vector<Downtime> within(Seconds from, Seconds to) const;
  // `{"downtimes":[...],"refused":[...]}`, for GET /api/v1/downtimes.
  nlohmann::json to_json() const;
  CountsBySource counts() const;
  std::size_t downtimes_max() const { return downtimes_max_; }

 private:
  std::size_t downtimes_max_;
  std::size_t size_ = 0;
  std::map<Origin, Items> origins_;
};

std::string_view text(DowntimeTable::Source source);  // "file", "api", "kubernetes"

// Items of a list as the custom resource has it in `spec`. A bad one is left out and listed as
// refused. Each gets the uid and the name of `origin` unless it has its own.
DowntimeTable::Items read_downtime_items(const nlohmann::json& list,
                                         const DowntimeTable::Origin& origin);

}  // namespace meshcheck::sla

// The metrics of path MTUs: by node and layer, and single agents only while their padding is lost.
// doc/metrics.md describes each.
#pragma once

#include <cstddef>
#include <unordered_map>

#include "lib/metrics/sink.h"
#include "mesh/table/pmtu_summary.h"

namespace meshcheck::server {

// Agents shown whose padding is lost; first by name.
inline constexpr std::size_t kPaddingLostShownMax = 100;

// Made for one scrape.
class PmtuMetrics {
 public:
  explicit PmtuMetrics(const mesh::MeshTable& table) : table_(table) {}

  void count(const mesh::PathView& path);
  // When all paths are counted.
  void write(metrics::Sink& sink, Now now) const;

 private:
  void write_sizes(metrics::Sink& sink) const;
  void write_padding(metrics::Sink& sink, Now now) const;

  const mesh::MeshTable& table_;
  std::unordered_map<const mesh::MeshSeries*, mesh::PmtuSummary> summaries_;
};

}  // namespace meshcheck::server

// A receiver of metrics whose series are made anew each time: the text of a scrape, or a remote
// write.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace meshcheck::metrics {

// One walk over the measurements serves every format. Views are valid during the call alone.
class Sink {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  enum class Type { kCounter, kGauge, kHistogram };
  // The series of one histogram: `counts` are each bucket's own, one for each upper bound and one
  // beyond.
  struct Histogram {
    std::span<const double> bounds;
    std::span<const std::uint64_t> counts;
    double sum = 0;
  };

  virtual ~Sink() = default;

  // The samples of a family follow its head directly.
  virtual void family(std::string_view name, Type type, std::string_view help) = 0;
  virtual void sample(Labels labels, double value) = 0;
  virtual void histogram(Labels labels, const Histogram& histogram) = 0;
};

}  // namespace meshcheck::metrics

// The Prometheus text format for families whose series are made anew at each scrape.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace meshcheck::metrics {

// Writes straight from the state that the series describe. prometheus-cpp keeps a registered object
// of about a kilobyte for each series; with a dozen series for each of 10,000 agents, which come
// and go, that would be most of the server's memory.
class TextWriter {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  enum class Type { kCounter, kGauge, kHistogram };

  // The samples of a family follow its head directly.
  void family(std::string_view name, Type type, std::string_view help);
  void sample(Labels labels, double value);
  // The series of one histogram: `counts` are each bucket's own, one for each upper bound and one
  // beyond.
  struct Histogram {
    std::span<const double> bounds;
    std::span<const std::uint64_t> counts;
    double sum = 0;
  };
  void histogram(Labels labels, const Histogram& histogram);

  // The text so far, which is taken out.
  std::string take();

 private:
  void append(std::string_view suffix, Labels labels, std::string_view bound, double value);

  std::string_view name_;
  std::string text_;
};

}  // namespace meshcheck::metrics

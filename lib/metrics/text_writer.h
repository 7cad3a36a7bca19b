// The Prometheus text format for families whose series are made anew at each scrape.
#pragma once

#include <string>
#include <string_view>

#include "lib/metrics/sink.h"

namespace meshcheck::metrics {

// Writes straight from the state that the series describe. prometheus-cpp keeps a registered object
// of about a kilobyte for each series; with a dozen series for each of 10,000 agents, which come
// and go, that would be most of the server's memory.
class TextWriter final : public Sink {
 public:
  void family(std::string_view name, Type type, std::string_view help) override;
  void sample(Labels labels, double value) override;
  void histogram(Labels labels, const Histogram& histogram) override;

  // Takes out the text so far.
  std::string take();

 private:
  void append(std::string_view suffix, Labels labels, std::string_view bound, double value);

  std::string_view name_;
  std::string text_;
};

}  // namespace meshcheck::metrics

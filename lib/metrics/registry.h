// The program's own metrics: prometheus-cpp's registry, its text, and this process's data in /proc.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace prometheus {
class Registry;
}

namespace meshcheck::metrics {

// A number that its owner keeps and the registry asks for at each scrape.
struct Callback {
  std::string_view name;
  std::string_view help;
  std::function<double()> value;  // Called on the scraping thread.
};

// Made once by main and handed to components. Any thread may call text().
class Registry {
 public:
  Registry();  // With the process_* metrics of the Prometheus client libraries.
  ~Registry();

  // For a component's `struct Metrics`: counters, gauges and histograms it updates itself.
  prometheus::Registry& families();
  void add_counter(Callback callback);
  void add_gauge(Callback callback);

  // Prometheus text format 0.0.4.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meshcheck::metrics

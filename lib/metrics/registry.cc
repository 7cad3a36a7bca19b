#include "lib/metrics/registry.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <vector>

#include "lib/metrics/process.h"
#include "lib/metrics/text_writer.h"

namespace meshcheck::metrics {

struct Registry::State {
  struct Entry {
    TextWriter::Type type;
    Callback callback;
  };
  prometheus::Registry families;
  std::vector<Entry> callbacks;
};

Registry::Registry() : state_(std::make_unique<State>()) {}

Registry::~Registry() = default;

prometheus::Registry& Registry::families() {
  return state_->families;
}

void Registry::add_counter(Callback callback) {
  state_->callbacks.push_back({TextWriter::Type::kCounter, std::move(callback)});
}

void Registry::add_gauge(Callback callback) {
  state_->callbacks.push_back({TextWriter::Type::kGauge, std::move(callback)});
}

std::string Registry::text() const {
  TextWriter writer;
  for (const auto& [type, callback] : state_->callbacks) {
    writer.family(callback.name, type, callback.help);
    writer.sample({}, callback.value());
  }
  write_process(writer);
  const prometheus::TextSerializer serializer;
  return writer.take() + serializer.Serialize(state_->families.Collect());
}

}  // namespace meshcheck::metrics

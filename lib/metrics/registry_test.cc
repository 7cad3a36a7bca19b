#include "lib/metrics/registry.h"

#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <array>

#include "lib/metrics/text_writer.h"

namespace meshcheck::metrics {
namespace {

TEST(RegistryTest, PrintsFamiliesCallbacksAndTheProcess) {
  Registry registry;
  prometheus::BuildCounter().Name("a_total").Help("A.").Register(registry.families()).Add({});
  registry.add_gauge({"b", "B.", [] { return 2.5; }});
  const std::string text = registry.text();
  EXPECT_NE(text.find("# TYPE a_total counter\na_total 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# HELP b B.\n# TYPE b gauge\nb 2.5\n"), std::string::npos) << text;
  for (const char* name : {"cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes",
                           "open_fds", "max_fds", "start_time_seconds"}) {
    EXPECT_NE(text.find("process_" + std::string(name) + " "), std::string::npos) << name;
  }
}

TEST(TextWriterTest, EscapesLabelValuesAndPrintsLargeNumbersAsGoDoes) {
  TextWriter writer;
  writer.family("x", TextWriter::Type::kGauge, "X.");
  writer.sample({{"agent", "a\\\"\n"}, {"url", "u"}}, 9223372036854.0);
  writer.sample({}, 3);
  EXPECT_EQ(
      writer.take(),
      "# HELP x X.\n# TYPE x gauge\nx{agent=\"a\\\\\\\"\\n\",url=\"u\"} 9223372036854\nx 3\n");
}

TEST(TextWriterTest, AddsBucketsUp) {
  TextWriter writer;
  writer.family("x", TextWriter::Type::kHistogram, "X.");
  const std::array<double, 2> bounds = {5e-05, 1};
  const std::array<std::uint64_t, 3> counts = {1, 2, 3};
  writer.histogram({{"a", "b"}}, {.bounds = bounds, .counts = counts, .sum = 2.5});
  EXPECT_EQ(writer.take(),
            "# HELP x X.\n# TYPE x histogram\nx_bucket{a=\"b\",le=\"5e-05\"} 1\n"
            "x_bucket{a=\"b\",le=\"1\"} 3\nx_bucket{a=\"b\",le=\"+Inf\"} 6\n"
            "x_sum{a=\"b\"} 2.5\nx_count{a=\"b\"} 6\n");
}

}  // namespace
}  // namespace meshcheck::metrics

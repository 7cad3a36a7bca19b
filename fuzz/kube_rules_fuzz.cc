// Lines of JSON: a DaemonSet, then pods, nodes and answers of Prometheus, as checks read them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "checks/kube/daemon_set_rule.h"
#include "checks/prometheus_answer.h"
#include "checks/results.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshcheck;
  using namespace meshcheck::checks;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto next = [&text] {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
  };
  const auto parse = [](std::string_view line) {
    return nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  };
  KubeDaemonSetRule rule(parse(next()), *parse_wall_time("2026-11-21T12:00:00Z"));
  while (!text.empty()) {
    const std::string_view line = next();
    const auto object = parse(line);
    rule.add_pod(object);
    rule.add_node(object);
    if (const auto value = first_value(line); value && value->empty()) std::abort();
  }
  const CheckResult result = rule.result();
  if (result.reason.size() > kReasonSizeMax) std::abort();
  return 0;
}

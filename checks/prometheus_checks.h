// Does Prometheus answer, and does it have the expected metrics?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checks/check.h"
#include "lib/http/client.h"

namespace meshcheck::checks {

// Asks for each query, one after another, on a connection of its own. Any failure means down.
class PrometheusCheck : public Check {
 public:
  static constexpr std::size_t kAnswerSizeMax = std::size_t{1} << 20U;

  struct Options {
    std::string url;  // "/api/v1/query" is appended to it.
    std::vector<std::string> queries;
    // Every query's first result has to equal it; nothing: a number above 0.
    std::optional<std::string> expected;
    std::string ca_file;
    std::string token_file;  // Read anew for each run.
    bool verify = true;
    std::chrono::milliseconds timeout{10'000};  // Of one query.
  };
  PrometheusCheck(http::Client& client, Options options);

  void start(OnDone on_done) override;
  void cancel() override;

 private:
  void ask();
  void judge(const http::Outcome& outcome);
  void finish(const CheckResult& result);

  http::Client& client_;
  const Options options_;
  std::size_t next_ = 0;
  http::Call call_;
  OnDone on_done_;
};

}  // namespace meshcheck::checks

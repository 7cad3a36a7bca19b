#include "checks/prometheus_checks.h"

#include <cstdlib>
#include <utility>

#include "checks/prometheus_answer.h"
#include "checks/results.h"
#include "lib/base/token.h"
#include "lib/http/url.h"
#include "lib/kube/config.h"

namespace meshcheck::checks {
namespace {

bool is_above_zero(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == '\0' && number > 0;
}

}  // namespace

PrometheusCheck::PrometheusCheck(http::Client& client, Options options)
    : client_(client), options_(std::move(options)) {}

void PrometheusCheck::start(OnDone on_done) {
  on_done_ = std::move(on_done);
  next_ = 0;
  ask();
}

void PrometheusCheck::cancel() {
  call_ = {};
  on_done_ = nullptr;
}

void PrometheusCheck::finish(const CheckResult& result) {
  std::exchange(on_done_, nullptr)(result);
}

void PrometheusCheck::ask() {
  http::ClientRequest request;
  request.url =
      options_.url + "/api/v1/query?query=" + http::escape_path_segment(options_.queries[next_]);
  request.timeout = options_.timeout;
  request.body_max = kAnswerSizeMax;
  request.verify = options_.verify;
  request.ca_file = options_.ca_file;
  if (!options_.token_file.empty()) {
    // Without a token it is asked too: its refusal then says what is wrong.
    if (const auto token = read_token(options_.token_file, kube::kTokenSizeMax)) {
      request.headers.emplace_back("Authorization", "Bearer " + *token);
    }
  }
  call_ =
      client_.start(std::move(request), [this](const http::Outcome& outcome) { judge(outcome); });
}

void PrometheusCheck::judge(const http::Outcome& outcome) {
  if (outcome.error) {
    const std::string why = "Prometheus: " + outcome.error->message();
    return finish(outcome.own_fault != OwnFault::kNone ? unknown(why) : down(why));
  }
  if (outcome.status != 200) {
    return finish(down("Prometheus answers with status " + std::to_string(outcome.status)));
  }
  const std::string& query = options_.queries[next_];
  const auto value = first_value(outcome.body);
  if (!value) return finish(down(query + ": " + value.error().message()));
  if (options_.expected ? *value != *options_.expected : !is_above_zero(*value)) {
    return finish(down(query + ": Prometheus answers " + value->substr(0, 50)));
  }
  if (++next_ == options_.queries.size()) return finish(up());
  ask();
}

}  // namespace meshcheck::checks

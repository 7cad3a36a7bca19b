#include "lib/agent/reporter.h"

#include <cassert>

#include "mesh/assignment/assignment.h"

namespace meshcheck::agent {
namespace {

constexpr std::size_t kAnswerSizeMax = mesh::kAssignmentSizeMax;

}  // namespace

Result<std::string> judge(const http::Outcome& outcome) {
  if (outcome.error) return *outcome.error;
  if (outcome.status >= 200 && outcome.status <= 299) return outcome.body;
  std::string text = outcome.body.substr(0, kAnswerTextMax);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) text = "without a text";
  return Error(text).within("the server answered " + std::to_string(outcome.status));
}

void Reporter::send(Submission submission, OnDone on_done) {
  assert(!busy_);
  busy_ = true;
  if (submission.retry) ++history_.retried;
  http::Request request;
  request.method = "POST";
  request.url = url_;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(submission.body);
  request.timeout = submission.timeout;
  request.body_max = kAnswerSizeMax;
  call_ = client_.start(std::move(request),
                        [this, on_done = std::move(on_done)](const http::Outcome& outcome) {
                          finish(outcome, on_done);
                        });
}

void Reporter::finish(const http::Outcome& outcome, const OnDone& on_done) {
  busy_ = false;
  const Result<std::string> result = judge(outcome);
  if (result) {
    ++history_.sent;
  } else {
    ++history_.failed;
    history_.last_error = result.error().message().substr(0, mesh::kReportErrorSizeMax);
  }
  on_done(result);
}

}  // namespace meshcheck::agent

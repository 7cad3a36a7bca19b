#include "agent/reporting/reporter.h"

#include <cassert>

#include "mesh/assignment/assignment.h"

namespace meshcheck::agent {
namespace {

constexpr std::size_t kAnswerSizeMax = mesh::kAssignmentSizeMax;
// A server's word that it waited in vain for the rest of the request.
constexpr int kRequestTimeout = 408;

}  // namespace

PaddingStage stalled_at(const http::Outcome& outcome) {
  if (outcome.status == kRequestTimeout) return PaddingStage::kSend;
  if (!outcome.error || (outcome.status != 0 && !outcome.timed_out)) return PaddingStage::kNone;
  if (!outcome.connected) return outcome.timed_out ? PaddingStage::kConnect : PaddingStage::kNone;
  const bool sent = outcome.tcp && !outcome.tcp->pending;
  return sent || outcome.status != 0 ? PaddingStage::kAnswer : PaddingStage::kSend;
}

void Reporter::send(Submission submission, OnDone on_done) {
  assert(!busy_);
  busy_ = true;
  if (submission.retry) ++history_.retried;
  http::ClientRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(submission.body);
  request.timeout = submission.timeout;
  request.body_max = kAnswerSizeMax;
  if (submission.small_packets) request.segment_max = kSmallSegment;
  access_.authorize(request);
  call_ = client_.start(std::move(request),
                        [this, on_done = std::move(on_done)](const http::Outcome& outcome) {
                          finish(outcome, on_done);
                        });
}

void Reporter::finish(const http::Outcome& outcome, const OnDone& on_done) {
  busy_ = false;
  const Delivery delivery{
      .answer = judge(outcome), .stalled_at = stalled_at(outcome), .tcp = outcome.tcp};
  if (delivery.answer) {
    ++history_.sent;
    if (outcome.remote) access_.address().answered(outcome.remote->address);
  } else {
    ++history_.failed;
    history_.last_error = delivery.answer.error().message().substr(0, mesh::kReportErrorSizeMax);
  }
  on_done(delivery);
}

}  // namespace meshcheck::agent

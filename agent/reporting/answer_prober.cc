#include "agent/reporting/answer_prober.h"

#include <utility>

#include "agent/reporting/reporter.h"

namespace meshcheck::agent {

AnswerProber::AnswerProber(uv::Loop& loop, http::Client& client, ServerAccess& access,
                           Options options)
    : loop_(loop), client_(client), access_(access), options_(std::move(options)) {}

void AnswerProber::ask(Question question) {
  if (awaited_) return;
  question_ = question;
  again_ = true;
  start();
}

void AnswerProber::start() {
  awaited_ = true;
  begun_ = loop_.now();
  http::ClientRequest request;
  request.url = options_.url + "?size=" + std::to_string(question_.size);
  request.timeout = question_.timeout;
  request.body_max = question_.size;
  access_.identify(request);
  request.address = access_.address().instead_of_name();
  call_ =
      client_.start(std::move(request), [this](const http::Outcome& outcome) { finish(outcome); });
}

void AnswerProber::finish(const http::Outcome& outcome) {
  awaited_ = false;
  const bool was_lost = judge_.lost();
  judge(outcome);
  if (judge_.lost() != was_lost) options_.on_change();
}

void AnswerProber::judge(const http::Outcome& outcome) {
  last_ = {.requested = question_.size,
           .delivered = outcome.status == 200 ? outcome.body.size() : 0};
  if (!outcome.error && last_.delivered == question_.size) {
    if (judge_.arrived() == LossJudge::Change::kBack) {
      options_.log.info("large answers come through again", {{"bytes", question_.size}});
    }
    return;
  }
  const PaddingStage stage = stalled_at(outcome);
  if (stage == PaddingStage::kNone) return;
  // A question is small: one that does not arrive is no matter of size. The server's part of a TLS
  // handshake is large.
  const bool in_handshake = !outcome.connected && outcome.tcp && !outcome.tcp->pending;
  const bool unanswered = stage == PaddingStage::kAnswer || in_handshake;
  judge_.stalled(unanswered ? PaddingStage::kAnswer : PaddingStage::kConnect, begun_);
  if (judge_.suspected() && std::exchange(again_, false)) start();
}

void AnswerProber::report_accepted() {
  if (judge_.small_arrived() != LossJudge::Change::kLost) return;
  options_.log.warning("large answers of the server are lost, small ones come through",
                       {{"bytes", question_.size}});
}

void AnswerProber::report_failed() {
  judge_.small_failed();
}

mesh::ReportPadding AnswerProber::describe() const {
  mesh::ReportPadding padding = last_;
  judge_.describe(loop_.now(), padding);
  return padding;
}

}  // namespace meshcheck::agent

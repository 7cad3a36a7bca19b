#include "agent/reporting/report_round.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace meshcheck::agent {

using std::chrono::milliseconds;

// In a sweep the numbers in the report depend on the size that depends on the report: the second
// pass is right but for their digits, the third to the byte. A size that is in doubt stays.
void ReportRound::begin(mesh::Report report, const LargeAnswers& answers, Clock::time_point now) {
  report.mesh.tcp = tcp_;
  report_ = std::move(report);
  const int passes = config_.padding_sweep ? 3 : 1;
  if (padding_.clear() && answers.clear) ++sweep_turn_;
  std::size_t elements = config_.zero_extender_length;
  for (int pass = 0; pass < passes; ++pass) {
    padding_.begin_round(elements);
    write(elements, answers, now);
    const std::size_t zeros = elements == 0 ? 0 : 2 * elements - 1;
    elements = sweep_elements({.mss = tcp_ ? tcp_->mss : 0,
                               .unpadded = request_overhead_ + body_.size() - zeros,
                               .elements = config_.zero_extender_length})
                   .at(sweep_turn_ % kSweepSizes);
  }
}

void ReportRound::say_goodbye(const LargeAnswers& answers, Now now) {
  assert(can_say_goodbye());
  report_->mesh.probing.stopping = true;
  report_->hostdate = now.wall;
  write(0, answers, now.steady);
}

void ReportRound::write(std::size_t padding_elements, const LargeAnswers& answers,
                        Clock::time_point now) {
  mesh::ReportPadding& padding = report_->mesh.probing.padding;
  padding = padding_.describe(now);
  padding.delivered = 2 * padding_elements;
  report_->zero_extender_length = padding_elements;
  report_->mesh.probing.padded_answer = answers.described;
  body_ = mesh::encode(*report_);
}

bool ReportRound::may_stall_for_size(bool last) const {
  return config_.pads() && !padding_.small() && !last;
}

Reporter::Submission ReportRound::attempt(const Attempt& attempt) {
  sent_at_ = attempt.now;
  const auto left =
      std::max(std::chrono::ceil<milliseconds>(attempt.round_end - attempt.now), milliseconds(0));
  milliseconds timeout =
      std::clamp<milliseconds>(left, std::chrono::seconds(1), config_.report_timeout());
  if (may_stall_for_size(attempt.last)) {
    timeout = std::min(timeout, padded_timeout(left, config_.interval));
  }
  return {.body = body_,
          .timeout = timeout,
          .retry = attempt.retry,
          .small_packets = padding_.small() || attempt.last};
}

bool ReportRound::should_drop_padding(const Reporter::Delivery& delivery, bool last) const {
  return delivery.stalled_at != PaddingStage::kNone && may_stall_for_size(last);
}

void ReportRound::drop_padding(PaddingStage stalled_at, const LargeAnswers& answers,
                               Clock::time_point now) {
  padding_.stalled(stalled_at, sent_at_);
  write(padding_.elements(), answers, now);
}

void ReportRound::note_connection(const http::TcpInfo& tcp) {
  tcp_ = {.mss = tcp.mss,
          .pmtu = tcp.pmtu,
          .retransmits = tcp.retransmits,
          .round_trip = tcp.round_trip};
  // The SYN is counted too.
  if (tcp.acknowledged > body_.size()) request_overhead_ = tcp.acknowledged - 1 - body_.size();
}

void ReportRound::failed(const LargeAnswers& answers, Clock::time_point now) {
  padding_.failed();
  // What it says of the padding may be less now.
  if (padding_.small()) write(padding_.elements(), answers, now);
}

}  // namespace meshcheck::agent

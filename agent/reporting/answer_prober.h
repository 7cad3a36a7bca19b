// Asks the server for large answers: whether large packets come through from there.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "agent/reporting/padding.h"
#include "agent/server_access.h"
#include "lib/base/log.h"
#include "lib/http/client.h"
#include "lib/uv/loop.h"

namespace meshcheck::agent {

// One question at a time, and a second one at once when the first one's answer stalled. The answers
// to reports show that small answers come through. A server without large answers changes no
// result. On the client's loop; destroying it cancels silently.
class AnswerProber {
 public:
  struct Question {
    std::size_t size = 0;  // Bytes of the answer's body.
    std::chrono::milliseconds timeout{0};
  };

  struct Options {
    std::string url;  // The server's ping.
    Log log;
    std::function<void()> on_change;  // Large answers get lost, or come through again.
  };
  AnswerProber(uv::Loop& loop, http::Client& client, ServerAccess& access, Options options);

  // While an answer is awaited the question is dropped.
  void ask(Question question);
  void report_accepted();
  void report_failed();

  bool busy() const { return awaited_; }
  bool clear() const { return judge_.clear(); }
  mesh::ReportPadding describe() const;

 private:
  void start();
  void finish(const http::Outcome& outcome);
  void judge(const http::Outcome& outcome);

  uv::Loop& loop_;
  http::Client& client_;
  ServerAccess& access_;
  Options options_;
  Question question_;
  Clock::time_point begun_;
  bool awaited_ = false;
  bool again_ = false;  // One more is allowed for this question.
  mesh::ReportPadding last_;
  LossJudge judge_;
  http::Call call_;
};

}  // namespace meshcheck::agent

// Sends reports to the server.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "agent/reporting/padding.h"
#include "agent/server_access.h"
#include "lib/base/result.h"
#include "lib/http/client.h"
#include "mesh/report/report.h"

namespace meshcheck::agent {

// One report at a time, each over a connection of its own, so that every report proves that a
// connection can be made. Lives on the client's loop. Destroying it cancels silently.
class Reporter {
 public:
  struct Submission {
    std::string body;
    std::chrono::milliseconds timeout{0};
    bool retry = false;
    bool small_packets = false;
  };
  struct Delivery {
    // The server's, if it took the report (any 2xx), or why it did not.
    Result<std::string> answer;
    PaddingStage stalled_at = PaddingStage::kNone;
    std::optional<http::TcpInfo> tcp;
  };
  using OnDone = std::function<void(const Delivery&)>;

  Reporter(http::Client& client, ServerAccess& access, std::string url)
      : client_(client), access_(access), url_(std::move(url)) {}

  // REQUIRES: not busy.
  void send(Submission submission, OnDone on_done);

  bool busy() const { return busy_; }
  const mesh::ReportHistory& history() const { return history_; }

 private:
  void finish(const http::Outcome& outcome, const OnDone& on_done);

  http::Client& client_;
  ServerAccess& access_;
  std::string url_;
  mesh::ReportHistory history_;
  bool busy_ = false;
  http::Call call_;
};

// The segment size of small packets, which every link of IPv4 and IPv6 has to carry (RFC 9293,
// 3.7.1).
inline constexpr int kSmallSegment = 536;

// The stage at which a request failed without an answer. A 408 counts as no answer. kNone: the
// server answered, or the connection was refused with an error.
PaddingStage stalled_at(const http::Outcome& outcome);

}  // namespace meshcheck::agent

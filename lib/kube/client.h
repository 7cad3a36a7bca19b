// Requests to the Kubernetes API: JSON over HTTPS, with our credentials.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/http/client.h"
#include "lib/kube/config.h"
#include "lib/kube/failure.h"
#include "lib/kube/token_source.h"
#include "lib/uv/loop.h"

namespace meshcheck::kube {

struct Question {
  std::string method = "GET";
  std::string target;                             // Path and query, "/api/v1/pods?limit=500".
  std::string body;                               // JSON.
  const char* content_type = "application/json";  // Of the body.
  Operation operation;
  std::chrono::milliseconds timeout{30'000};
  std::size_t answer_size_max = std::size_t{1} << 20U;  // Bytes; more is a failure.
};

struct Answer {
  // None with a status of 2xx and all of the body.
  std::optional<Failure> failure;
  int status = 0;  // 0 without an answer.
  std::string body;
};

// Lives on the loop's thread and outlives its calls; `http` outlives it.
class Client {
 public:
  Client(uv::Loop& loop, http::Client& http, const Config& config);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `on_answer` is called once and later. An error, and no call: there is no token to show.
  Result<http::Call> ask(const Question& question, std::function<void(Answer)> on_answer);
  // For an answer without an end: `on_bytes` gets a 2xx body as it comes, and the answer is empty
  // then. It ends when no byte comes for the question's timeout.
  Result<http::Call> follow(const Question& question,
                            std::function<void(std::string_view bytes)> on_bytes,
                            std::function<void(Answer)> on_end);

  uv::Loop& loop() { return loop_; }
  const std::string& default_namespace() const { return config_.default_namespace; }

 private:
  Result<http::ClientRequest> prepare(const Question& question);
  http::Call start(http::ClientRequest request, const Operation& operation,
                   std::function<void(Answer)> on_answer);

  uv::Loop& loop_;
  http::Client& http_;
  Config config_;
  TokenSource tokens_;
};

}  // namespace meshcheck::kube

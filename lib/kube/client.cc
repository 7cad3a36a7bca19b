#include "lib/kube/client.h"

#include <utility>

namespace meshcheck::kube {
namespace {

Answer answer_of(http::Outcome outcome, const Operation& operation) {
  Answer answer;
  answer.status = outcome.status;
  if (outcome.error) {
    answer.failure = failure_of_connection(outcome, operation);
  } else if (outcome.status < 200 || outcome.status > 299) {
    answer.failure = failure_of_status(outcome.status, outcome.body, operation);
  }
  answer.body = std::move(outcome.body);
  return answer;
}

}  // namespace

Client::Client(uv::Loop& loop, http::Client& http, const Config& config)
    : loop_(loop), http_(http), config_(config), tokens_(config) {}

Result<http::ClientRequest> Client::prepare(const Question& question) {
  auto token = tokens_.token(loop_.now());
  if (!token) return token.error();
  http::ClientRequest request;
  request.method = question.method;
  request.url = config_.server + question.target;
  request.headers.emplace_back("Accept", "application/json");
  if (!token->empty()) request.headers.emplace_back("Authorization", "Bearer " + *token);
  if (!question.body.empty()) {
    request.headers.emplace_back("Content-Type", question.content_type);
  }
  request.body = question.body;
  request.body_max = question.answer_size_max;
  request.keep_alive = true;
  request.verify = config_.verify;
  request.ca_file = config_.ca_file;
  request.ca = config_.ca_data;
  request.certificate_file = config_.client_certificate_file;
  request.certificate = config_.client_certificate_data;
  request.key_file = config_.client_key_file;
  request.key = config_.client_key_data;
  return request;
}

Result<http::Call> Client::ask(const Question& question, std::function<void(Answer)> on_answer) {
  auto request = prepare(question);
  if (!request) return request.error();
  request->timeout = question.timeout;
  return start(*std::move(request), question.operation, std::move(on_answer));
}

Result<http::Call> Client::follow(const Question& question,
                                  std::function<void(std::string_view bytes)> on_bytes,
                                  std::function<void(Answer)> on_end) {
  auto request = prepare(question);
  if (!request) return request.error();
  request->timeout = std::chrono::milliseconds(0);
  request->idle_timeout = question.timeout;
  request->on_body = std::move(on_bytes);
  return start(*std::move(request), question.operation, std::move(on_end));
}

http::Call Client::start(http::ClientRequest request, const Operation& operation,
                         std::function<void(Answer)> on_answer) {
  return http_.start(std::move(request),
                     [this, operation, on_answer = std::move(on_answer)](http::Outcome outcome) {
                       if (outcome.status == 401) tokens_.refused(loop_.now());
                       on_answer(answer_of(std::move(outcome), operation));
                     });
}

}  // namespace meshcheck::kube

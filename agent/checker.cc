#include "agent/checker.h"

#include "lib/uv/loop.h"

namespace meshcheck::agent {

Checker::Checker(uv::Loop& loop, const Config& config)
    : loop_(loop),
      config_(config),
      client_(loop, {.user_agent = "meshcheck-agent/" MESHCHECK_VERSION}),
      access_(loop, config.server, config.log),
      next_(loop, [this] { ask(); }),
      end_(loop, [this] { loop_.stop(); }) {}

bool Checker::run() {
  end_.start(*config_.check_patience);
  ask();
  loop_.run();
  return good_;
}

void Checker::ask() {
  http::ClientRequest request;
  request.url = config_.server.url() + "/api/v1/connectivity_check";
  request.timeout = kPatience;
  access_.identify(request);
  access_.authorize(request);
  call_ =
      client_.start(std::move(request), [this](const http::Outcome& outcome) { take(outcome); });
}

void Checker::take(const http::Outcome& outcome) {
  last_ = outcome.error ? outcome.error->message() : outcome.body;
  good_ = !outcome.error && outcome.status == 200;
  if (good_) {
    loop_.stop();
  } else {
    next_.start(kPause);
  }
}

}  // namespace meshcheck::agent

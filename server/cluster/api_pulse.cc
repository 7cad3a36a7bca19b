#include "server/cluster/api_pulse.h"

#include <utility>

namespace meshcheck::server {
namespace {

constexpr int kServerErrors = 500;

}  // namespace

ApiPulse::ApiPulse(kube::Client& client, const Options& options, std::function<void()> on_change)
    : client_(client),
      options_(options),
      on_change_(std::move(on_change)),
      timer_(client.loop(), [this] { ask(); }) {
  timer_.start(options_.period);
}

void ApiPulse::ask() {
  kube::Question question;
  question.target = "/version";
  question.operation = {.verb = "get", .group = {}, .resource = "version", .name_space = {}};
  question.timeout = options_.timeout;
  auto call = client_.ask(question, [this, asked = client_.loop().now()](
                                        const kube::Answer& answer) { answered(asked, answer); });
  if (call) {
    call_ = *std::move(call);
  } else {
    // There is no token to show: that says nothing of the API, and the watches tell it.
    timer_.start(options_.period);
  }
}

void ApiPulse::answered(Clock::time_point asked, const kube::Answer& answer) {
  timer_.start(options_.period);
  const bool answers = !answer.failure || (answer.status != 0 && answer.status < kServerErrors);
  const bool changes = answers == status_.silent_since.has_value();
  if (answers) {
    status_ = {};
  } else {
    if (!status_.silent_since) status_.silent_since = asked;
    status_.why = answer.failure->sentence;
  }
  if (changes) on_change_();
}

}  // namespace meshcheck::server

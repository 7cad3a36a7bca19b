#include "checks/kube/preflight.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "checks/results.h"

namespace meshcheck::checks {

KubePreflight::KubePreflight(kube::Client& client, Options options)
    : client_(client), options_(options), deliverer_(client.loop(), [this] { deliver(); }) {}

void KubePreflight::ask(const void* who, OnAnswer on_answer) {
  waiting_[who] = std::move(on_answer);
  if (asking_) return;
  const auto now = client_.loop().now();
  if (asked_ && now - *asked_ < options_.interval) {
    deliverer_.start(std::chrono::milliseconds(0));
  } else {
    asked_ = now;
    question();
  }
}

void KubePreflight::question() {
  const kube::Question version{.target = "/version",
                               .body = {},
                               .operation = {"get", "", "the version", ""},
                               .timeout = options_.timeout};
  auto call = client_.ask(version, [this](const kube::Answer& got) { answer(got); });
  if (call) {
    asking_ = true;
    call_ = *std::move(call);
  } else {
    failure_ = kube::Failure{kube::Failure::Kind::kUnauthorized, call.error().message()};
    deliverer_.start(std::chrono::milliseconds(0));
  }
}

void KubePreflight::answer(const kube::Answer& answer) {
  asking_ = false;
  failure_ = answer.failure;
  if (!failure_) {
    const auto json = nlohmann::json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
    if (text_at(json, "/gitVersion").empty()) {
      failure_ = kube::Failure{kube::Failure::Kind::kGarbage,
                               "what answers in place of the Kubernetes API has no version"};
    }
  }
  deliver();
}

void KubePreflight::deliver() {
  // Who is told may ask again, forget others, or end them.
  std::vector<const void*> told;
  told.reserve(waiting_.size());
  for (const auto& [who, on_answer] : waiting_) told.push_back(who);
  const auto failure = failure_;
  for (const void* who : told) {
    if (auto node = waiting_.extract(who)) node.mapped()(failure);
  }
}

}  // namespace meshcheck::checks

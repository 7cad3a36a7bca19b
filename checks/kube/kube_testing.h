// For tests: checks of Kubernetes against an API on loopback, run as their runner would.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "checks/kube/checks.h"
#include "lib/testing/fake_kube_api.h"
#include "lib/testing/loop.h"

namespace meshcheck::checks {

class KubeChecksFixture : public testing::Test {
 protected:
  KubeChecksFixture() { api_.page_size = 2; }

  using json = nlohmann::json;
  using Milliseconds = std::chrono::milliseconds;

  std::unique_ptr<Check> make(const std::string& checker, const std::string& with = "{}",
                              Milliseconds timeout = Milliseconds(60)) {
    sla::CheckSpec spec;
    spec.ref = {"control-plane", "probe"};
    spec.checker = checker;
    spec.timeout = timeout;
    spec.with = json::parse(with);
    auto check = make_kube_check(context_, spec);
    EXPECT_TRUE(check) << check.error().message();
    return check ? *std::move(check) : nullptr;
  }
  CheckResult run(Check& check) {
    std::optional<CheckResult> found;
    check.start([&](CheckResult result) { found = std::move(result); });
    EXPECT_FALSE(found) << "later, it says";
    EXPECT_TRUE(uv::run_until(loop_, [&] { return found.has_value(); }));
    return found.value_or(CheckResult{sla::Status::kNoData, "it never ended"});
  }
  CheckResult run(const std::string& checker, const std::string& with = "{}") {
    return run(*make(checker, with));
  }
  // Lets the time run out in the middle of a run, as soon as `reached`.
  CheckResult time_out(Check& check, const std::function<bool()>& reached) {
    check.start([](const CheckResult&) { ADD_FAILURE() << "it was to be silent"; });
    EXPECT_TRUE(uv::run_until(loop_, reached));
    CheckResult result = check.timed_out();
    check.cancel();
    return result;
  }

  static constexpr auto kUp = sla::Status::kUp;
  static constexpr auto kDown = sla::Status::kDown;
  static constexpr auto kUnknown = sla::Status::kUnknown;
  const std::string net_ = "/api/v1/namespaces/net/";
  const std::string pod_ = net_ + "pods/meshcheck-pod-7d2d90cf";
  const std::string config_map_ = net_ + "configmaps/meshcheck-configmap-7d2d90cf";
  const std::string namespace_ = "/api/v1/namespaces/meshcheck-namespace-7d2d90cf";
  const std::string stateful_set_ =
      "/apis/apps/v1/namespaces/net/statefulsets/meshcheck-statefulset-7d2d90cf";
  const std::string child_ = net_ + "pods/meshcheck-statefulset-7d2d90cf-0";

  uv::Loop loop_;
  kube::FakeApi api_{loop_};
  http::Client http_{loop_, {.connections_max = 8}};
  kube::Client client_{loop_, http_, api_.config()};
  // Without a cache: each run asks anew.
  KubeContext context_{client_,
                       http_,
                       {.agent_id = "7d2d90cf", .name_space = "net", .node = "master-0"},
                       {.interval = Milliseconds(0)}};
};

}  // namespace meshcheck::checks

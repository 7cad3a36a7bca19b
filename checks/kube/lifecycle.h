// Can objects be made, read back and deleted? Tests the API server with its etcd.
#pragma once

#include <cstdint>
#include <string>

#include "checks/kube/run.h"
#include "mesh/sla/check_spec.h"

namespace meshcheck::checks {

// Uses a ConfigMap or a Namespace; of a Namespace only the request for its deletion is tested. An
// object that exists already was left by an earlier run: it is deleted, and the run says `unknown`.
class KubeLifecycle : public Check {
 public:
  enum class Kind : std::uint8_t { kConfigMap, kNamespace };

  KubeLifecycle(KubeContext& context, const sla::CheckSpec& spec, Kind kind);

  void start(OnDone on_done) override;
  void cancel() override { run_.cancel(); }
  CheckResult timed_out() const override;

 private:
  void look();
  void remove_garbage(const nlohmann::json& found);
  void create();
  void read_back();
  void remove();
  // Ends the run with the API's refusal.
  void fail(const kube::ObjectAnswer& answer);

  const Kind kind_;
  const kube::Resource resource_;
  const std::string name_;
  nlohmann::json object_;
  std::string step_;
  bool preflight_passed_ = false;
  KubeRun run_;
};

}  // namespace meshcheck::checks

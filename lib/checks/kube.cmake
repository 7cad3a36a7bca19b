# Without libcurl, for the fuzzer.
meshcheck_library(kube_rules
  SOURCES kube_daemon_set_rule.cc kube_findings.cc prometheus_answer.cc
  DEPENDS base nlohmann_json::nlohmann_json
)
meshcheck_library(kube_checks
  SOURCES kube_checks.cc kube_controller_manager.cc kube_daemon_set.cc kube_garbage.cc
          kube_lifecycle.cc kube_preflight.cc kube_ready.cc kube_scheduler.cc kube_talk.cc kube_with.cc
          prometheus_checks.cc
  DEPENDS base http_client http_url kube kube_rules sla uv nlohmann_json::nlohmann_json
)
meshcheck_tests(kube_checks
  SOURCES kube_daemon_set_rule_test.cc kube_garbage_test.cc kube_lifecycle_test.cc
          kube_ready_test.cc kube_scheduler_test.cc
  DEPENDS http_server
)

// The combined result of the connectivity check and the verdicts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/time.h"
#include "meshctl/document.h"

namespace meshcheck::meshctl {

enum class FailOn : std::uint8_t { kCritical, kWarning, kNone };

// The server's answers. `agents` only for JUnit.
struct CheckAnswers {  // NOLINT(bugprone-exception-escape): the JSON library asserts as it moves.
  Json check;          // GET /api/v1/connectivity_check, whatever its status
  Json verdicts;       // GET /api/v1/verdicts
  Json agents;         // GET /api/v1/agents/
};

enum class Health : std::uint8_t {
  kOk,
  kWarning,  // Verdicts that are warnings, and nothing worse.
  kBroken,   // Agents that are absent or outdated, lost large packets, a critical verdict.
  kUnknown,  // The server does not know which agents should report.
};
Health health_of(const CheckAnswers& answers);
std::string_view text_of(Health health);
int exit_code(Health health, FailOn fail_on);

Document check_document(const CheckAnswers& answers, const Style& style, WallTime now);

// A suite for each layer, a case for each node of it, and the case "all agents report". Names stay
// the same from run to run.
JunitReport junit_of(const CheckAnswers& answers);

}  // namespace meshcheck::meshctl

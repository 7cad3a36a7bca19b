#include "meshctl/check_document.h"

#include <gtest/gtest.h>

#include "meshctl/program.h"

namespace meshcheck::meshctl {
namespace {

Health health(const char* check, const char* severity = "") {
  CheckAnswers answers;
  answers.check = *parse_json(check);
  answers.verdicts = Json{{"verdicts", Json::array()}};
  if (*severity != '\0') answers.verdicts["verdicts"].push_back(Json{{"severity", severity}});
  return health_of(answers);
}

constexpr const char* kFineAnswer =
    R"({"Message": "All 2 pods successfully reported", "Absent": null})";
constexpr const char* kNobody =
    R"({"Message": "Connectivity check fails. Reason: no agents are expected: none", "Absent": []})";

TEST(CheckDocumentTest, IsBrokenForAgentsAndCriticalVerdicts) {
  EXPECT_EQ(health(kFineAnswer), Health::kOk);
  EXPECT_EQ(health(kFineAnswer, "info"), Health::kOk);
  EXPECT_EQ(health(kFineAnswer, "warning"), Health::kWarning);
  EXPECT_EQ(health(kFineAnswer, "critical"), Health::kBroken);  // -verdicts-fail-check=false
  EXPECT_EQ(health(R"({"Message": "Connectivity check fails.", "Absent": ["a"]})"),
            Health::kBroken);
  EXPECT_EQ(health(R"({"Message": "Connectivity check fails.", "Unpadded": ["a"]})"),
            Health::kBroken);
}

TEST(CheckDocumentTest, IsUnknownWhereTheServerDoesNotKnowWhoShouldReport) {
  EXPECT_EQ(health(kNobody), Health::kUnknown);
  EXPECT_EQ(health("{}"), Health::kUnknown);
}

TEST(CheckDocumentTest, HasAnExitCodeForEachHealthAndThreshold) {
  EXPECT_EQ(exit_code(Health::kOk, FailOn::kWarning), kFine);
  EXPECT_EQ(exit_code(Health::kWarning, FailOn::kCritical), kFine);
  EXPECT_EQ(exit_code(Health::kWarning, FailOn::kWarning), kBroken);
  EXPECT_EQ(exit_code(Health::kBroken, FailOn::kCritical), kBroken);
  EXPECT_EQ(exit_code(Health::kBroken, FailOn::kWarning), kBroken);
  EXPECT_EQ(exit_code(Health::kBroken, FailOn::kNone), kFine);
  EXPECT_EQ(exit_code(Health::kUnknown, FailOn::kNone), kUnknown);
}

}  // namespace
}  // namespace meshcheck::meshctl

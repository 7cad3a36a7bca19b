// JUnit's XML, which CI systems show as tests.
#pragma once

#include <string>
#include <vector>

namespace meshcheck::meshctl {

struct JunitCase {
  std::string name;
  std::vector<std::string> failures;  // Sentences; none: it passed.
};

struct JunitSuite {
  std::string name;
  std::vector<JunitCase> cases;
};

struct JunitReport {
  std::string name;
  std::vector<JunitSuite> suites;
};

std::string write_junit(const JunitReport& report);

}  // namespace meshcheck::meshctl

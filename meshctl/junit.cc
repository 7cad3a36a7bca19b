#include "meshctl/junit.h"

#include <cstddef>
#include <string_view>

namespace meshcheck::meshctl {
namespace {

// XML 1.0 has no control characters but three, not even as references.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  return out;
}

std::size_t failed(const JunitSuite& suite) {
  std::size_t count = 0;
  for (const JunitCase& one : suite.cases) count += one.failures.empty() ? 0U : 1U;
  return count;
}

std::string counts(std::string_view name, std::size_t tests, std::size_t failures) {
  return " name=\"" + escaped(name) + "\" tests=\"" + std::to_string(tests) + "\" failures=\"" +
         std::to_string(failures) + "\"";
}

void append_case(std::string& out, const JunitSuite& suite, const JunitCase& one) {
  out += "    <testcase classname=\"meshcheck." + escaped(suite.name) + "\" name=\"" +
         escaped(one.name) + "\"";
  if (one.failures.empty()) {
    out += "/>\n";
    return;
  }
  out += ">\n";
  for (const std::string& failure : one.failures) {
    out += "      <failure message=\"" + escaped(failure) + "\"/>\n";
  }
  out += "    </testcase>\n";
}

}  // namespace

std::string write_junit(const JunitReport& report) {
  std::size_t tests = 0;
  std::size_t failures = 0;
  for (const JunitSuite& suite : report.suites) {
    tests += suite.cases.size();
    failures += failed(suite);
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
                    counts(report.name, tests, failures) + ">\n";
  for (const JunitSuite& suite : report.suites) {
    out += "  <testsuite" + counts(suite.name, suite.cases.size(), failed(suite)) + ">\n";
    for (const JunitCase& one : suite.cases) append_case(out, suite, one);
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace meshcheck::meshctl

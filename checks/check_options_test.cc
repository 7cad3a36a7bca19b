#include "checks/check_options.h"

#include <gtest/gtest.h>

namespace meshcheck::checks {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// What finish() says once `read` has asked for its keys.
template <typename Read>
std::string verdict(const std::string& text, Read read) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  CheckOptions with(object);
  read(with);
  const auto finished = with.finish();
  return finished ? "fine" : finished.error().message();
}

TEST(CheckOptionsTest, ReadsWhatIsWritten) {
  const json object = json::parse(R"({"text": "a b", "name": "kube-system", "texts": ["x", "y"],
    "flag": true, "number": 7, "time": "1m30s", "choice": "all"})");
  CheckOptions with(object);
  EXPECT_EQ(with.text("text"), "a b");
  EXPECT_EQ(with.name("name"), "kube-system");
  EXPECT_EQ(with.texts("texts"), (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(with.flag_or("flag", false));
  EXPECT_EQ(with.number_or("number", 1, 1, 7), 7);
  EXPECT_EQ(with.duration_or("time", 1s, {0s, 2min}), 90s);
  EXPECT_EQ(with.choice("choice", {"any", "all"}), 1U);
  EXPECT_TRUE(with.finish());
}

TEST(CheckOptionsTest, TakesTheDefaultOfWhatIsAbsent) {
  const json object = json::object();
  CheckOptions with(object);
  EXPECT_EQ(with.text_or("text", ""), "");
  EXPECT_EQ(with.name_or("name", "default"), "default");
  EXPECT_TRUE(with.flag_or("flag", true));
  EXPECT_EQ(with.number_or("number", 1, 1, 7), 1);
  EXPECT_EQ(with.duration_or("time", 1s, {0s, 2min}), 1s);
  EXPECT_EQ(with.choice("choice", {"any", "all"}), 0U);
  EXPECT_TRUE(with.finish());
}

TEST(CheckOptionsTest, SaysWhatWasWrongFirst) {
  EXPECT_EQ(verdict(R"({"b": 1, "unknown": 2})",
                    [](CheckOptions& with) {
                      with.text("a");
                      with.flag_or("b", false);
                    }),
            "with.a: a text of one line is wanted");
  EXPECT_EQ(verdict(R"({"a": "x", "unknown": 2})", [](CheckOptions& with) { with.text("a"); }),
            "with.unknown: unknown key");
  EXPECT_EQ(verdict("[]", [](CheckOptions& with) { with.text("a"); }), "with: an object is wanted");
}

TEST(CheckOptionsTest, RefusesTextsThatAreNoLine) {
  for (const char* text : {R"({"a": ""})", R"({"a": "x\ny"})", R"({"a": 1})", R"({"a": null})"}) {
    EXPECT_EQ(verdict(text, [](CheckOptions& with) { with.text_or("a", "x"); }),
              "with.a: a text of one line is wanted");
  }
}

TEST(CheckOptionsTest, RefusesNamesThatWouldChangeAPath) {
  for (const char* text : {R"({"a": "../x"})", R"({"a": "A"})", R"({"a": "x/y"})"}) {
    EXPECT_EQ(verdict(text, [](CheckOptions& with) { with.name("a"); }),
              "with.a: a name of lower-case letters, digits, '-' and '.' is wanted");
  }
  EXPECT_EQ(verdict("{}", [](CheckOptions& with) { with.name_or("a", ""); }),
            "with.a: a name of lower-case letters, digits, '-' and '.' is wanted");
}

TEST(CheckOptionsTest, RefusesNumbersBeyondTheirBounds) {
  for (const char* text : {R"({"a": 0})", R"({"a": 8})", R"({"a": 1.5})", R"({"a": "1"})",
                           R"({"a": 18446744073709551615})"}) {
    EXPECT_EQ(verdict(text, [](CheckOptions& with) { with.number_or("a", 1, 1, 7); }),
              "with.a: a number from 1 to 7 is wanted");
  }
}

}  // namespace
}  // namespace meshcheck::checks

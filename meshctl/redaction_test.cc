#include "meshctl/redaction.h"

#include <gtest/gtest.h>

namespace meshcheck::meshctl {
namespace {

TEST(RedactionTest, TakesSecretsOut) {
  Redaction redaction({.token = "s3cret"});
  EXPECT_EQ(redaction.apply("x s3cret-s3cret y"), "x REDACTED-REDACTED y");
  EXPECT_EQ(redaction.apply(R"({"token": "a\"b", "Key" : "c", "monkey": "d", "key": 5})"),
            R"({"token": "REDACTED", "Key" : "REDACTED", "monkey": "d", "key": 5})");
  EXPECT_EQ(redaction.apply("Authorization: Bearer abc\nBearer x"),
            "Authorization: Bearer REDACTED\nBearer REDACTED");
  EXPECT_EQ(redaction.apply("http://me:word@host/a@b http://host/x@y"),
            "http://REDACTED@host/a@b http://host/x@y");
}

TEST(RedactionTest, LeavesAddressesAloneUnlessAsked) {
  EXPECT_EQ(Redaction({}).apply("10.0.0.1"), "10.0.0.1");
}

TEST(RedactionTest, GivesAnAddressOneNameEverywhere) {
  Redaction redaction({.addresses = true});
  EXPECT_EQ(redaction.apply("[\"10.0.0.1/24\", \"fd00::1\", \"10.0.0.1:8081\", \"[fd00::1]:80\"]"),
            "[\"address-1/24\", \"address-2\", \"address-1:8081\", \"[address-2]:80\"]");
  EXPECT_EQ(redaction.apply("at 10.0.0.1. And 10.0.0.2: no"), "at address-1. And address-3: no");
  EXPECT_EQ(redaction.apply("ip-10-0-0-2.ec2.internal"), "ip-address-3.ec2.internal");
}

TEST(RedactionTest, TakesNothingElseForAnAddress) {
  Redaction redaction({.addresses = true});
  const std::string text =
      "2026-11-30T02:00:44.123Z 12:30 1.2 127.0.0.1 ::1 0.0.0.0:8081 node-1.a p50_us ip-x";
  EXPECT_EQ(redaction.apply(text), text);
}

TEST(RedactionTest, ComesThroughTextThatIsCut) {
  Redaction redaction({.token = "t", .addresses = true});
  for (const char* const text : {"\"key", "\"key\"", "\"key\":", "\"key\":\"", "\"key\":\"x",
                                 "\"\\", "Bearer ", "://", "ip-", ":", "."}) {
    static_cast<void>(redaction.apply(text));
  }
  EXPECT_EQ(redaction.apply("\"key\":\"x"), "\"key\":\"REDACTED");
}

}  // namespace
}  // namespace meshcheck::meshctl

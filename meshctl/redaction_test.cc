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

TEST(RedactionTest, KnowsSecretsByTheEndOfTheirNames) {
  Redaction redaction({});
  EXPECT_EQ(redaction.apply(R"({"access_token": "a", "client-secret": "b", "apiKey": "c"})"),
            R"({"access_token": "REDACTED", "client-secret": "REDACTED", "apiKey": "REDACTED"})");
  EXPECT_EQ(redaction.apply(R"({"monkey": "a", "keys": "b"})"), R"({"monkey": "a", "keys": "b"})");
  EXPECT_EQ(redaction.apply("http://h/x?token=a.b&n=1&api_key=c#d"),
            "http://h/x?token=REDACTED&n=1&api_key=REDACTED#d");
  EXPECT_EQ(redaction.apply(R"("http://h/?n=1\u0026token=abc\u0026m=2")"),
            R"("http://h/?n=1\u0026token=REDACTED\u0026m=2")");
  EXPECT_EQ(redaction.apply("{password=\"a b\", monkey=\"c\"}"),
            "{password=\"REDACTED\", monkey=\"c\"}");
  EXPECT_EQ(redaction.apply(R"("x token=\"a b\" y")"), R"("x token=\"REDACTED\" y")");
}

TEST(RedactionTest, TakesCredentialsOut) {
  Redaction redaction({});
  EXPECT_EQ(redaction.apply("authorization: bearer abc, Basic dTpw\nBASIC  x"),
            "authorization: bearer REDACTED Basic REDACTED\nBASIC  REDACTED");
  EXPECT_EQ(redaction.apply("[\"Basic dTpw\", \"forbearer x\"]"),
            "[\"Basic REDACTED\", \"forbearer x\"]");
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

TEST(RedactionTest, FindsAddressesInsideOfWords) {
  Redaction redaction({.addresses = true});
  EXPECT_EQ(redaction.apply("10.0.0.1:443: refused, 10.0.0.1:8081."),
            "address-1:443: refused, address-1:8081.");
  EXPECT_EQ(redaction.apply("node-10.0.0.1 udp:10.0.0.1:53 tcp6:fd00::1 fd00::1: no fd00::1."),
            "node-address-1 udp:address-1:53 tcp6:address-2 address-2: no address-2.");
  EXPECT_EQ(redaction.apply("10-0-0-1.default.pod kube-ip-10-0-0-1 ::ffff:10.0.0.9 fe80::1%eth0"),
            "address-1.default.pod kube-ip-address-1 address-3 address-4%eth0");
  EXPECT_EQ(redaction.apply("1:2:3:4:5:6:7:8/64 x=10.0.0.1;10.0.0.1"),
            "address-5/64 x=address-1;address-1");
}

TEST(RedactionTest, TakesNothingElseForAnAddress) {
  Redaction redaction({.addresses = true});
  const std::string text =
      "2026-11-30T02:00:44.123Z 12:30 1.2 127.0.0.1 ::1 0.0.0.0:8081 node-1.a p50_us ip-x "
      "1.2.3.4.5 1.2.3.256 aa:bb:cc:dd:ee:ff std::vector [::]:80 node-1-2-3-4 2026-11-30-02";
  EXPECT_EQ(redaction.apply(text), text);
}

TEST(RedactionTest, ComesThroughTextThatIsCut) {
  Redaction redaction({.token = "t", .addresses = true});
  for (const char* const text :
       {"\"key", "\"key\"", "\"key\":", "\"key\":\"", "\"key\":\"x", "\"\\", "Bearer ", "basic",
        "token=", "token=\\", "://", "ip-", "ip-1", "::", ":", "1.2.3."}) {
    static_cast<void>(redaction.apply(text));
  }
  EXPECT_EQ(redaction.apply("\"key\":\"x"), "\"key\":\"REDACTED");
}

}  // namespace
}  // namespace meshcheck::meshctl

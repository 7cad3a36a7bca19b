// One run of a check, bounded as the runner bounds it. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "checks/factory.h"
#include "lib/testing/dns_server.h"
#include "lib/testing/loop.h"
#include "lib/uv/timer.h"

namespace meshcheck::checks {

// two.example has 127.0.0.1 and 127.0.0.2, six.example has ::1, silent.example gets no answer, and
// no other name exists.
class CheckFixture : public testing::Test {
 protected:
  // Turns the loop for conditions that are no events of it.
  CheckFixture() { tick_.start_repeating(std::chrono::milliseconds(10)); }

  static std::optional<std::string> answer(const probe::DnsQuestion& question) {
    const auto addresses = [](std::initializer_list<const char*> texts) {
      std::vector<IpAddress> list;
      for (const char* const text : texts) list.push_back(*IpAddress::parse(text));
      return list;
    };
    constexpr int kNoName = 3;
    const bool is_v4 = question.type == probe::kTypeA;
    if (question.name == "two.example") {
      return dns_answer(question, 0, is_v4 ? addresses({"127.0.0.1", "127.0.0.2"}) : addresses({}));
    }
    if (question.name == "six.example") {
      return dns_answer(question, 0, is_v4 ? addresses({}) : addresses({"::1"}));
    }
    if (question.name == "silent.example") return std::nullopt;
    return dns_answer(question, kNoName);
  }

  std::unique_ptr<Check> make(const std::string& checker, const nlohmann::json& with,
                              sla::Milliseconds timeout = std::chrono::seconds(2)) {
    auto made = make_check(context_, spec(checker, with, timeout));
    EXPECT_TRUE(made) << made.error().message();
    return *std::move(made);
  }
  std::string refusal(const std::string& checker, const nlohmann::json& with) {
    const auto made = make_check(context_, spec(checker, with, std::chrono::seconds(1)));
    return made ? "accepted" : made.error().message();
  }

  // "up", "down: why", "unknown: why".
  std::string run(Check& check, sla::Milliseconds timeout = std::chrono::seconds(2)) {
    std::optional<CheckResult> found;
    check.start([&found](CheckResult result) { found = std::move(result); });
    EXPECT_FALSE(found) << "it is to be told later";
    if (!uv::run_until(
            loop_, [&] { return found.has_value(); }, timeout)) {
      found = check.timed_out();
      check.cancel();
    }
    EXPECT_LE(found->reason.size(), 300U);
    const std::string why = found->reason.empty() ? "" : ": " + found->reason;
    switch (found->status) {
      case sla::Status::kUp:
        return "up" + why;
      case sla::Status::kDown:
        return "down" + why;
      default:
        return "unknown" + why;
    }
  }
  std::string run(const std::string& checker, const nlohmann::json& with,
                  sla::Milliseconds timeout = std::chrono::seconds(2)) {
    return run(*make(checker, with, timeout), timeout);
  }

  static sla::CheckSpec spec(const std::string& checker, const nlohmann::json& with,
                             sla::Milliseconds timeout) {
    return {.ref = {"group", "probe"},
            .checker = checker,
            .period = std::chrono::seconds(1),
            .timeout = timeout,
            .with = with};
  }

  uv::Loop loop_;
  uv::Timer tick_{loop_, [] {}};
  probe::TestDnsServer dns_server_{loop_, answer};
  probe::DnsClient dns_{loop_, {.servers = {dns_server_.endpoint()}}};
  http::Client client_{loop_, {.connections_max = 32, .user_agent = "test"}};
  Context context_{.loop = loop_, .client = client_, .dns = dns_, .paths = {}, .make_other = {}};
};

}  // namespace meshcheck::checks

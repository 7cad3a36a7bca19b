#include "agent/probing/ordered_pings.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/testing/loop.h"
#include "probe/stamp_reflector.h"

namespace meshcheck::agent {
namespace {

using mesh::PingOrder;

class OrderedPingsTest : public ::testing::Test {
 protected:
  OrderedPingsTest() {
    auto started = probe::StampReflector::start(loop_, {.port = 0, .open = true});
    EXPECT_TRUE(started) << started.error().message();
    reflector_.emplace(*std::move(started));
  }

  PingOrder order(std::uint64_t id) const {
    return {.id = id,
            .to = "b",
            .endpoint = {*IpAddress::parse("127.0.0.1"), reflector_->port()},
            .size = 0,
            .count = 1};
  }
  void take(const std::vector<PingOrder>& orders, bool allowed = true) {
    pings_.take(
        orders, [allowed](const Endpoint&) { return allowed; },
        [] { return std::optional<stamp::Key>(); });
  }
  bool run_until_done(int count) {
    return uv::run_until(loop_, [&] { return done_ == count; });
  }

  uv::Loop loop_;
  std::optional<probe::StampReflector> reflector_;
  int done_ = 0;
  OrderedPings pings_{loop_, Log(), 65'535, [this] { ++done_; }};
};

TEST_F(OrderedPingsTest, TellsAResultUntilAReportHasArrived) {
  take({order(5), order(6)});
  EXPECT_TRUE(pings_.results().empty());
  ASSERT_TRUE(run_until_done(2));
  const auto results = pings_.results();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].id, 5U);
  EXPECT_TRUE(results[0].round_trips.at(0));
  EXPECT_EQ(pings_.results(), results) << "that report may have been lost";
  pings_.report_arrived();
  EXPECT_TRUE(pings_.results().empty());
}

TEST_F(OrderedPingsTest, CarriesOutAnOrderOnce) {
  take({order(5)});
  take({order(5)});
  ASSERT_TRUE(run_until_done(1));
  take({order(5)});
  EXPECT_EQ(pings_.results().size(), 1U);
  pings_.report_arrived();
  take({order(5)});
  pings_.report_arrived();
  EXPECT_TRUE(pings_.results().empty());
  EXPECT_EQ(reflector_->counts().requests, 1U);
}

TEST_F(OrderedPingsTest, KeepsAResultThatCameAfterTheReportWasWritten) {
  take({order(5)});
  EXPECT_TRUE(pings_.results().empty());
  ASSERT_TRUE(run_until_done(1));
  pings_.report_arrived();
  EXPECT_EQ(pings_.results().size(), 1U);
}

TEST_F(OrderedPingsTest, ProbesNobodyThatMayNotBeProbed) {
  take({order(5)}, /*allowed=*/false);
  EXPECT_EQ(done_, 1);
  const auto results = pings_.results();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_TRUE(results[0].round_trips.empty());
  EXPECT_EQ(results[0].error, "not probed: the address is this agent's, or no host's");
  EXPECT_EQ(reflector_->counts().requests, 0U);
}

TEST_F(OrderedPingsTest, TakesFourAtOnce) {
  take({order(1), order(2), order(3), order(4), order(5)});
  ASSERT_TRUE(run_until_done(4));
  EXPECT_EQ(pings_.results().size(), 4U);
  pings_.report_arrived();
  take({order(5)});
  ASSERT_TRUE(run_until_done(5));
  EXPECT_EQ(pings_.results().at(0).id, 5U);
}

}  // namespace
}  // namespace meshcheck::agent

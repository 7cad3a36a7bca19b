// Since when the server does not know its cluster, and why.
#include "server/cluster/cluster_status.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

TEST(ClusterStatusTest, IsReadyOnceItIsSyncedOrHasWaitedLongEnough) {
  const Clock::time_point began(100h);
  ClusterStatus status;
  EXPECT_TRUE(status.ready(began)) << "without Kubernetes";
  status.enabled = true;
  status.began = began;
  EXPECT_FALSE(status.ready(began + 29s));
  EXPECT_TRUE(status.ready(began + 30s));
  for (FollowedObjects& objects : status.followed) objects.synced = true;
  EXPECT_TRUE(status.ready(began));
}

TEST(ClusterStatusTest, TellsOfACutAfterTenSeconds) {
  const Clock::time_point began(100h);
  ClusterStatus status{.enabled = true, .began = began};
  EXPECT_FALSE(status.finding(began + 9s));
  EXPECT_TRUE(status.finding(began + 10s)) << "nothing was ever listed";
  for (FollowedObjects& objects : status.followed) objects.synced = true;
  EXPECT_FALSE(status.finding(began + 1h));
  status.followed[1].cut_off_since = began + 1h;
  status.followed[1].why = "it is away";
  EXPECT_FALSE(status.finding(began + 1h + 9s));
  const auto finding = status.finding(began + 1h + 10s);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->ends[0].name, "server");
  EXPECT_EQ(finding->reason, "it is away; what is known of pods and nodes may be old");
}

class SilentApiTest : public testing::Test {
 protected:
  SilentApiTest() {
    status_.enabled = true;
    status_.began = kNow - 1h;
    for (FollowedObjects& objects : status_.followed) objects.synced = true;
  }

  static constexpr Clock::time_point kNow{100h};
  ClusterStatus status_;
};

TEST_F(SilentApiTest, TellsASilentApiBeforeAWatchNotices) {
  EXPECT_FALSE(status_.finding(kNow));
  status_.pulse = {.silent_since = kNow - 9s, .why = "no answer"};
  EXPECT_FALSE(status_.finding(kNow)) << "another API server may take over";
  const auto found = status_.finding(kNow + 1s);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->finding.since, kNow - 9s);
  EXPECT_EQ(found->reason, "no answer; what is known of pods and nodes may be old");
}

TEST_F(SilentApiTest, SaysOfOneSilenceWhenItBegan) {
  status_.pulse = {.silent_since = kNow - 30s, .why = "no answer"};
  status_.followed[0].cut_off_since = kNow - 100s;
  status_.followed[0].by_silence = true;
  EXPECT_EQ(status_.cut_off_since(), kNow - 30s);
  status_.pulse = {};
  EXPECT_EQ(status_.cut_off_since(), kNow - 100s) << "only the watch is silent";
}

TEST_F(SilentApiTest, KeepsAnEarlierReasonThatIsNoSilence) {
  status_.pulse = {.silent_since = kNow - 5s, .why = "no answer"};
  status_.followed[1].cut_off_since = kNow - 20s;
  status_.followed[1].why = "list nodes: forbidden";
  EXPECT_EQ(status_.cut_off_since(), kNow - 20s);
  EXPECT_EQ(status_.trouble(), "list nodes: forbidden");
}

}  // namespace
}  // namespace meshcheck::server

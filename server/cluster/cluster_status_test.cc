// Since when the server does not know its cluster, and why.
#include "server/cluster/cluster_status.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

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

#include "agent/sla/spool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "lib/store/transaction.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::agent {
namespace {

using sla::Episode;

constexpr std::int64_t kBegin = 1'700'000'010;  // A multiple of 30 s.

Episode episode(std::int64_t number, const std::string& probe = "probe") {
  return {.ref = {"group", probe},
          .start = sla::Seconds(std::chrono::seconds(kBegin + 30 * number)),
          .timers = {.up = sla::Milliseconds(20'000), .down = sla::Milliseconds(400)},
          .checks = 6,
          .successes = 5};
}

class SpoolTest : public testing::Test {
 protected:
  SpoolTest() { EXPECT_TRUE(spool::prepare(database_)); }

  std::uint64_t put(const std::vector<Episode>& episodes, SpoolBounds bounds = {}) {
    const auto dropped = spool::put(database_, episodes, bounds);
    EXPECT_TRUE(dropped) << dropped.error().message();
    return dropped.value_or(0);
  }
  std::vector<Episode> oldest(std::size_t episodes_max = 1000) {
    const auto batch = spool::oldest(database_, episodes_max);
    EXPECT_TRUE(batch) << batch.error().message();
    return batch->episodes;
  }

  store::Connection database_ = *store::Connection::open(":memory:");
};

TEST_F(SpoolTest, GivesBackWhatItGotWholeSlotsAndOldestFirst) {
  put({episode(2, "a"), episode(2, "b")});
  put({episode(1, "a"), episode(1, "b")});
  EXPECT_EQ(oldest(),
            (std::vector{episode(1, "a"), episode(1, "b"), episode(2, "a"), episode(2, "b")}));
  EXPECT_EQ(oldest(4), (std::vector{episode(1, "a"), episode(1, "b")}));
  EXPECT_EQ(oldest(3), (std::vector{episode(1, "a"), episode(1, "b")}));
}

TEST_F(SpoolTest, ErasesNothingThatCameAfterTheBatch) {
  put({episode(1), episode(3)});
  const auto batch = spool::oldest(database_, 1000);
  put({episode(2), episode(4)});
  Episode corrected = episode(3);
  corrected.checks = 7;
  put({corrected});
  ASSERT_TRUE(spool::erase(database_, *batch));
  EXPECT_EQ(oldest(), (std::vector{episode(2), corrected, episode(4)}));
}

TEST_F(SpoolTest, DropsWhatIsTooOld) {
  put({episode(0), episode(1)});
  EXPECT_EQ(put({episode(24 * 120)}), 0U);
  EXPECT_EQ(put({episode(24 * 120 + 1)}), 1U);
  EXPECT_EQ(oldest().front(), episode(1));
}

TEST_F(SpoolTest, DropsTheOldestWhenItIsFull) {
  const SpoolBounds bounds{.size_max = 256U << 10U};
  std::uint64_t dropped = 0;
  std::uint64_t given = 0;
  for (std::int64_t slot = 0; slot < 600; ++slot) {
    std::vector<Episode> episodes;
    for (int probe = 0; probe < 10; ++probe) {
      episodes.push_back(episode(slot, "probe-" + std::to_string(probe)));
    }
    dropped += put(episodes, bounds);
    given += episodes.size();
  }
  const auto left = oldest(100'000);
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(left.size(), given - dropped);
  EXPECT_GT(left.size(), 1000U);
  EXPECT_EQ(left.back(), episode(599, "probe-9"));
  auto pages = database_.prepare(
      "SELECT page_count * page_size FROM pragma_page_count, "
      "pragma_page_size");
  ASSERT_TRUE(*pages->step());
  EXPECT_LE(pages->int64(0), (256 + 32) << 10);
}

// Writes slots one after another, each in one transaction, until it is killed.
[[noreturn]] void write_for_ever(const std::string& path, int acknowledged) {
  auto database = store::Connection::open(path);
  if (!database || !spool::prepare(*database)) _exit(1);
  for (std::int64_t slot = 0;; ++slot) {
    auto transaction = store::Transaction::begin(*database);
    if (!transaction) _exit(2);
    if (!spool::put(*database, {episode(slot, "a"), episode(slot, "b")}, {})) _exit(3);
    if (!transaction->commit()) _exit(4);
    if (write(acknowledged, &slot, sizeof slot) < 0) _exit(5);
  }
}

TEST(SpoolCrashTest, LosesNoSlotAndNoPartOfOneToKillNine) {
  for (const std::int64_t slots : {1, 40, 200}) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("spool.db");
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) write_for_ever(path, ends[1]);
    close(ends[1]);
    std::int64_t last = -1;
    while (last < slots && read(ends[0], &last, sizeof last) == sizeof last) {
    }
    kill(child, SIGKILL);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "exited with " << WEXITSTATUS(status);
    while (read(ends[0], &last, sizeof last) == sizeof last) {
    }
    close(ends[0]);
    auto database = store::Connection::open(path);
    ASSERT_TRUE(database) << database.error().message();
    ASSERT_TRUE(spool::prepare(*database));
    const auto left = spool::oldest(*database, 1'000'000);
    ASSERT_TRUE(left);
    ASSERT_GE(left->episodes.size(), 2 * static_cast<std::size_t>(last + 1));
    ASSERT_EQ(left->episodes.size() % 2, 0U);
    for (std::size_t i = 0; i < left->episodes.size(); ++i) {
      EXPECT_EQ(left->episodes[i],
                episode(static_cast<std::int64_t>(i / 2), i % 2 == 0 ? "a" : "b"));
    }
  }
}

}  // namespace
}  // namespace meshcheck::agent

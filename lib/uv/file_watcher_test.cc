#include "lib/uv/file_watcher.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/testing/loop.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::uv {
namespace {

class FileWatcherTest : public testing::Test {
 protected:
  FileWatcherTest() {
    folder_.write("a", "one");
    watcher_.emplace(loop_, std::vector<std::string>{folder_.file("a"), folder_.file("b")},
                     std::chrono::hours(1), [this] { ++changes_; });
  }
  int look() {
    watcher_->look();
    return std::exchange(changes_, 0);
  }

  TemporaryDirectory folder_;
  Loop loop_;
  std::optional<FileWatcher> watcher_;
  int changes_ = 0;
};

TEST_F(FileWatcherTest, TellsOnceOfAFileThatIsNewReplacedOrGone) {
  EXPECT_EQ(look(), 0);
  folder_.write("b", "new");
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(look(), 0);
  folder_.write("c", "two");
  std::filesystem::rename(folder_.file("c"), folder_.file("a"));
  EXPECT_EQ(look(), 1);
  folder_.write("a", "longer");
  EXPECT_EQ(look(), 1);
  std::filesystem::remove(folder_.file("a"));
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(look(), 0);
}

TEST_F(FileWatcherTest, TellsAgainOfWhatCouldNotBeUsed) {
  watcher_->doubt();
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(look(), 0);
}

TEST_F(FileWatcherTest, TellsNothingOfWhatIsNoted) {
  folder_.write("a", "longer");
  watcher_->note();
  EXPECT_EQ(look(), 0);
}

TEST_F(FileWatcherTest, LooksInEachInterval) {
  watcher_.emplace(loop_, std::vector<std::string>{folder_.file("b")}, std::chrono::milliseconds(1),
                   [this] { ++changes_; });
  folder_.write("b", "new");
  EXPECT_TRUE(run_until(loop_, [this] { return changes_ == 1; }));
}

}  // namespace
}  // namespace meshcheck::uv

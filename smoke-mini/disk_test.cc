#include "smoke-mini/disk.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "lib/testing/loop.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::smoke_mini {
namespace {

class DiskTest : public testing::Test {
 protected:
  const TemporaryDirectory directory_;
  const std::string& folder_ = directory_.path();
  uv::Loop loop_;
};

TEST_F(DiskTest, AnswersEveryTry) {
  Disk disk(loop_, folder_, "file");
  std::vector<std::unique_ptr<Task>> tasks;
  tasks.reserve(10);
  std::size_t well = 0;
  for (int i = 0; i < 10; ++i) {
    tasks.push_back(disk.try_task([&](const auto& why) { well += why ? 0U : 1U; }));
  }
  EXPECT_TRUE(uv::run_until(loop_, [&] { return well == 10; }));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(DiskTest, SaysWhatIsWrong) {
  Disk disk(loop_, folder_ + "/missing", "file");
  std::optional<std::string> said;
  const auto task = disk.try_task([&](const auto& why) { said = why; });
  EXPECT_TRUE(uv::run_until(loop_, [&] { return said.has_value(); }));
  EXPECT_NE(said->find("No such file"), std::string::npos) << *said;
}

TEST_F(DiskTest, DeletesWhatAProcessBeforeHasLeft) {
  std::filesystem::create_directory(folder_ + "/other");
  std::filesystem::create_symlink(folder_ + "/other", folder_ + "/file");
  EXPECT_EQ(try_disk(folder_, "file"), std::nullopt) << "it follows no link";
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/file"));
}

TEST_F(DiskTest, IsSilentToWhomHasGone) {
  Disk disk(loop_, folder_, "file");
  disk.try_task([](const auto&) { ADD_FAILURE() << "nobody waits"; });
  bool answered = false;
  std::unique_ptr<Task> task = disk.try_task([&](const auto&) {
    answered = true;
    task.reset();
  });
  EXPECT_TRUE(uv::run_until(loop_, [&] { return answered; }));
}

TEST_F(DiskTest, MayEndWithTriesUnderWay) {
  std::unique_ptr<Task> task;
  Disk disk(loop_, folder_, "file");
  task = disk.try_task([](const auto&) {});
  task.reset();
}

}  // namespace
}  // namespace meshcheck::smoke_mini

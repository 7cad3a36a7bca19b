#include "lib/base/followed_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/testing/temporary_directory.h"

namespace meshcheck {
namespace {

class FollowedFileTest : public testing::Test {
 protected:
  static Result<std::string> take(std::string_view content) {
    if (content == "bad") return Error("it is bad");
    return std::string(content);
  }
  std::string text(int seconds) {
    return file_.text(Clock::time_point() + std::chrono::seconds(seconds));
  }

  TemporaryDirectory folder_;
  FollowedFile file_{{.path = folder_.file("file"), .size_max = 8, .take = take, .log = {}}};
};

TEST_F(FollowedFileTest, IsReadAgainAfterASecond) {
  folder_.write("file", "one");
  EXPECT_EQ(text(0), "one");
  folder_.write("file", "two");
  EXPECT_EQ(text(0), "one");
  EXPECT_EQ(text(1), "two");
}

TEST_F(FollowedFileTest, SaysWhatItSaidBeforeWhileItCannotBeUsed) {
  EXPECT_EQ(text(0), "");
  folder_.write("file", "one");
  EXPECT_EQ(text(1), "one");
  folder_.write("file", "bad");
  EXPECT_EQ(text(2), "one");
  folder_.write("file", "123456789");
  EXPECT_EQ(text(3), "one") << "too large";
  std::filesystem::remove(folder_.file("file"));
  EXPECT_EQ(text(4), "one");
  std::filesystem::create_directory(folder_.file("file"));
  EXPECT_EQ(text(5), "one");
  std::filesystem::remove(folder_.file("file"));
  folder_.write("file", "12345678");
  EXPECT_EQ(text(6), "12345678");
}

TEST_F(FollowedFileTest, LogsEachChangeOnceAndNoContent) {
  testing::internal::CaptureStderr();
  folder_.write("file", "one");
  text(0);
  folder_.write("file", "bad");
  for (const int seconds : {1, 2, 3}) text(seconds);
  folder_.write("file", "two");
  for (const int seconds : {4, 5}) text(seconds);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
  EXPECT_NE(log.find("it is bad"), std::string::npos);
  EXPECT_NE(log.find("file can be used again"), std::string::npos);
  EXPECT_EQ(log.find("one"), std::string::npos);
  EXPECT_EQ(log.find("two"), std::string::npos);
}

}  // namespace
}  // namespace meshcheck
